#include "reference/products.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json.h"
#include "base/yaml.h"

namespace amity::reference {
namespace {

constexpr std::array<std::string_view, 5> kTypeNames = {"deposit", "card", "loan", "investment", "insurance"};
constexpr std::array<std::string_view, 5> kLevelNames = {"R1", "R2", "R3", "R4", "R5"};

// The place of `name` in `names`, or -1.
template <size_t N>
int index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

bool is_id(std::string_view text) {
  return text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

bool needs_risk_level(ProductType type) { return type == ProductType::kInvestment || type == ProductType::kInsurance; }

Result<Product> parse_product(const json::value& value, std::string_view place) {
  JsonReader in(value, place);
  const std::string id = in.text("id", 64);
  const std::string type_name = in.text("type");
  const std::string currency_code = in.text("currency");
  const std::string level_name = in.text_or("risk_level", "");
  const json::value names = in.any("names");
  if (!is_id(id)) in.refuse("id", "write an id with a-z, 0-9 and _ only");
  const int type = index_of(kTypeNames, type_name);
  if (type < 0) in.refuse("type", "must be deposit, card, loan, investment or insurance");
  const int level = level_name.empty() ? 0 : index_of(kLevelNames, level_name) + 1;
  if (!level_name.empty() && level == 0) in.refuse("risk_level", "must be R1, R2, R3, R4 or R5");
  const auto currency = Currency::parse(currency_code);
  if (!currency) in.refuse("currency", "not a known ISO 4217 currency");
  TRY(in.finish());

  JsonReader name_reader(names, fmt::format("{}/names", place));
  Product product{.id = id,
                  .type = static_cast<ProductType>(type),
                  .name_en = name_reader.text("en"),
                  .name_zh = name_reader.text("zh"),
                  .currency = *currency,
                  .risk_level = level};
  TRY(name_reader.finish());
  if (needs_risk_level(product.type) != (level != 0)) {
    return invalid("investment and insurance products have a risk level, others have none",
                   fmt::format("{}/risk_level", place));
  }
  return product;
}

}  // namespace

std::string_view name_of(ProductType type) { return kTypeNames[static_cast<size_t>(type)]; }

Result<Products> Products::parse(std::span<const std::string_view> yaml_texts) {
  Products products;
  for (const auto text : yaml_texts) {
    const json::value document = TRY(parse_yaml(text));
    JsonReader in(document, "");
    const json::array items = in.array("products");
    TRY(in.finish());
    for (size_t i = 0; i < items.size(); ++i) {
      products.products_.push_back(TRY(parse_product(items[i], fmt::format("/products/{}", i))));
    }
  }
  std::ranges::sort(products.products_, {}, &Product::id);
  const auto twice = std::ranges::adjacent_find(products.products_, {}, &Product::id);
  if (twice != products.products_.end()) return invalid("this product is declared twice", twice->id);
  return products;
}

const Product* Products::find(std::string_view id) const {
  const auto found =
      std::ranges::lower_bound(products_, id, {}, [](const Product& p) { return std::string_view(p.id); });
  return found != products_.end() && found->id == id ? &*found : nullptr;
}

}  // namespace amity::reference
