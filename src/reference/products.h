// The room of what is true for everybody, whichever customer is asked about: products and calendars. An institution
// writes both as YAML under institution/; app/ reads the files and hands the texts in at start, and the rooms below
// look things up. Currencies are the words of base/money.h. Nothing here changes while the program runs, so everything
// may be read from any thread.
//
// Products: what the institution sells, with the risk level that suitability compares with a customer's profile
// (R1 low to R5 high, against C1 to C5).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/result.h"

namespace amity::reference {

enum class ProductType { kDeposit, kCard, kLoan, kInvestment, kInsurance };
std::string_view name_of(ProductType type);  // "investment": the account types of the catalogue of events

struct Product {
  std::string id;  // "bond_fund": lower case, digits and underscores
  ProductType type = ProductType::kDeposit;
  std::string name_en;
  std::string name_zh;
  Currency currency;
  int risk_level = 0;  // 1 to 5 for investment and insurance, 0 where no level applies
};

class Products {
 public:
  // Each text is one file of institution/products/. invalid, with the product's id, where a field is wrong, an id
  // stands twice, or an investment has no risk level.
  static Result<Products> parse(std::span<const std::string_view> yaml_texts);

  const Product* find(std::string_view id) const;             // nullptr where unknown
  std::span<const Product> all() const { return products_; }  // ordered by id

 private:
  std::vector<Product> products_;
};

}  // namespace amity::reference
