// A CEL expression over a row and the rows joined to it. Every column is a text, "" where it is blank:
//   row.operation == "VKLAD"        int(row.duration) > 12        disp.type + "/" + row.account_id
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/import/row.h"

namespace amity::events {

// What an expression may name: "row" and its columns first, then each join.
struct RowScope {
  struct Variable {
    std::string name;
    std::vector<std::string> columns;
  };
  std::vector<Variable> variables;
};

class RowExpression {
 public:
  // Errors point at the character.
  static Result<RowExpression> condition(std::string_view text, const RowScope& scope);
  static Result<RowExpression> value(std::string_view text, const RowScope& scope);

  // `rows` in the order of the scope's variables; a row without cells has nothing but blanks. unprocessable: there is
  // no value for these rows.
  Result<bool> truth(std::span<const Row* const> rows) const;
  Result<std::string> text(std::span<const Row* const> rows) const;  // numbers and truth values as their text

 private:
  struct Body;
  explicit RowExpression(std::shared_ptr<const Body> body) : body_(std::move(body)) {}
  std::shared_ptr<const Body> body_;
};

}  // namespace amity::events
