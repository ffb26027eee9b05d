#include "events/import/row_expression.h"

#include "base/json.h"
#include "expressions/expression.h"

namespace amity::events {
namespace {

using expressions::Shape;
using expressions::TypeKind;
using expressions::Value;

// A row's cells where they lie, as the record an expression reads.
class CellsView final : public expressions::Row {
 public:
  CellsView(const Shape& shape, const events::Row& row) : shape_(&shape), row_(&row) {}
  const Shape& shape() const override { return *shape_; }
  Value field(size_t index) const override {
    return Value::borrowed_text(index < row_->cells.size() ? std::string_view(row_->cells[index]) : "");
  }

 private:
  const Shape* shape_;
  const events::Row* row_;
};

std::shared_ptr<const Shape> shape_of(const RowScope::Variable& variable) {
  Shape shape{.name = variable.name, .fields = {}};
  for (const auto& column : variable.columns) {
    shape.fields.push_back({.name = column, .type = expressions::type_of(TypeKind::kString)});
  }
  return std::make_shared<const Shape>(std::move(shape));
}

bool has_text(TypeKind kind) {
  return kind == TypeKind::kString || kind == TypeKind::kInt || kind == TypeKind::kDouble || kind == TypeKind::kBool ||
         kind == TypeKind::kDyn;
}

}  // namespace

struct RowExpression::Body {
  std::vector<std::shared_ptr<const Shape>> shapes;
  expressions::Declarations declarations;
  expressions::Expression expression;

  explicit Body(const RowScope& scope) {
    for (const auto& variable : scope.variables) {
      const auto& shape = shapes.emplace_back(shape_of(variable));
      declarations.variables.push_back({.name = variable.name, .type = expressions::record_of(shape)});
    }
  }

  // Calls `use` with the rows bound for as long as it runs.
  template <class Use>
  auto with_bindings(std::span<const Row* const> rows, const Use& use) const {
    std::vector<CellsView> views;
    views.reserve(rows.size());
    std::vector<Value> bindings;
    bindings.reserve(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      bindings.push_back(Value::view(views.emplace_back(*shapes[i], *rows[i])));
    }
    return use(std::span<const Value>(bindings));
  }
};

Result<RowExpression> RowExpression::condition(std::string_view text, const RowScope& scope) {
  auto body = std::make_shared<Body>(scope);
  body->expression = TRY(expressions::compile_condition(text, body->declarations));
  return RowExpression(std::move(body));
}

Result<RowExpression> RowExpression::value(std::string_view text, const RowScope& scope) {
  auto body = std::make_shared<Body>(scope);
  body->expression = TRY(expressions::compile(text, body->declarations));
  if (!has_text(body->expression.type().kind)) return invalid("a text, number or truth is expected of this expression");
  return RowExpression(std::move(body));
}

Result<bool> RowExpression::truth(std::span<const Row* const> rows) const {
  return body_->with_bindings(rows, [&](auto bindings) { return body_->expression.holds(bindings); });
}

Result<std::string> RowExpression::text(std::span<const Row* const> rows) const {
  const auto value =
      TRY(body_->with_bindings(rows, [&](auto bindings) { return body_->expression.evaluate(bindings); }));
  if (value.is(expressions::Kind::kString)) return std::string(value.as_text());
  const auto document = TRY(value.to_json());
  if (document.is_structured() || document.is_null()) {
    return fail(Code::kUnprocessable, "the expression gave no text, number or truth");
  }
  return write_json(document);
}

}  // namespace amity::events
