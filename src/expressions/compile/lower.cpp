// From checked nodes to instructions, with what can be known beforehand: constants folded, patterns compiled, the cost.
//
// Cost counts one for every instruction run, one for every 64 bytes of text and every item of a list that is gone
// through, and multiplies what stands inside a loop by the largest number of turns. Sizes of inputs come from the
// declarations, sizes of results from the growth of their functions.
#include <algorithm>
#include <map>

#include "expressions/compile/checker.h"
#include "expressions/compile/estimate.h"
#include "expressions/compile/program.h"
#include "expressions/syntax/lexer.h"

namespace amity::expressions {
namespace {

struct Simple {
  std::string_view name;
  Op op;
};
constexpr Simple kSimple[] = {{"==", Op::kEqual},   {"!=", Op::kUnequal}, {"<", Op::kLess}, {"<=", Op::kAtMost},
                              {">", Op::kGreater},  {">=", Op::kAtLeast}, {"+", Op::kAdd},  {"-", Op::kSubtract},
                              {"*", Op::kMultiply}, {"/", Op::kDivide},   {"in", Op::kIn},  {"[]", Op::kIndex},
                              {"!", Op::kNot},      {"&&", Op::kAnd},     {"||", Op::kOr},  {"?:", Op::kChoose}};

// The kind every value of a static type has, or kFault where there is no one kind.
Kind promised(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBool: return Kind::kBool;
    case TypeKind::kInt: return Kind::kInt;
    case TypeKind::kUint: return Kind::kUint;
    case TypeKind::kDouble: return Kind::kDouble;
    case TypeKind::kString: return Kind::kString;
    case TypeKind::kBytes: return Kind::kBytes;
    case TypeKind::kTimestamp: return Kind::kTimestamp;
    case TypeKind::kDuration: return Kind::kDuration;
    case TypeKind::kList: return Kind::kList;
    case TypeKind::kMap:
    case TypeKind::kRecord: return Kind::kMap;
    default: return Kind::kFault;
  }
}

class Lowering {
 public:
  Lowering(const Ast& ast, const Checked& checked, const Declarations& declarations, InputSizes sizes,
           std::string_view source)
      : ast_(ast), checked_(checked), declarations_(declarations), sizes_(sizes), source_(source) {}

  Result<Program> run() {
    if (checked_.local_count > kMaxLocals) return fail(Code::kLimit, "too many names at once in loops and bindings");
    program_.local_count = checked_.local_count;
    locals_.resize(checked_.local_count);
    const Estimate whole = TRY(visit(ast_.root));
    program_.root = whole.code;
    program_.cost_bound = plus(whole.cost, whole.total);
    return std::move(program_);
  }

 private:
  const Node& node(uint32_t index) const { return ast_.nodes[index]; }
  const Resolution& of(uint32_t index) const { return checked_.of[index]; }

  uint32_t emit(uint32_t index, Instruction i, const std::vector<Estimate>& operands = {}) {
    i.first = static_cast<uint32_t>(program_.operands.size());
    i.count = static_cast<uint32_t>(operands.size());
    i.place = node(index).at + 1;
    i.result = promised(of(index).type);
    for (const Estimate& operand : operands) program_.operands.push_back(operand.code);
    program_.code.push_back(i);
    return static_cast<uint32_t>(program_.code.size() - 1);
  }

  uint32_t name(const std::string& text) {
    const auto [at, is_new] = names_.emplace(text, program_.names.size());
    if (is_new) program_.names.push_back(text);
    return static_cast<uint32_t>(at->second);
  }

  Estimate constant(uint32_t index, Value value) {
    Estimate e{.cost = 1};
    if (value.is(Kind::kString) || value.is(Kind::kBytes)) e.size = value.as_text().size();
    if (value.is(Kind::kList) || value.is(Kind::kMap)) e.size = value.size(), e.below = deepest(value);
    e.total = e.part_total = total_of(value);
    program_.constants.push_back(std::move(value));
    e.code = emit(index, {.op = Op::kConstant, .slot = static_cast<uint32_t>(program_.constants.size() - 1)});
    return e;
  }

  // The same work done now: what depends on nothing is computed once, unless it goes wrong or grows large.
  Estimate folded(uint32_t index, Estimate e, const std::vector<Estimate>& operands) {
    constexpr uint64_t kMostWork = 10'000;
    if (e.cost > kMostWork || e.total > kMostWork || e.size > kMostWork) return e;
    for (const Estimate& operand : operands) {
      if (program_.code[operand.code].op != Op::kConstant) return e;
    }
    uint64_t budget = kMostWork;
    Value value = expressions::run(program_, e.code, {}, budget).owned();
    return value.is_fault() ? e : constant(index, std::move(value));
  }

  uint64_t work_on(uint32_t index, uint64_t size) const {
    const Type& type = of(index).type;
    const bool is_text = type.is(TypeKind::kString) || type.is(TypeKind::kBytes);
    const bool is_part = is_text || type.is(TypeKind::kList) || type.is(TypeKind::kMap) || type.is(TypeKind::kDyn) ||
                         type.is(TypeKind::kRecord) || type.is(TypeKind::kAbstract);
    return !is_part ? 0 : is_text ? size / 64 : size;
  }

  uint64_t input_size(const Type& type, uint64_t declared) const {
    if (declared > 0) return declared;
    if (type.is(TypeKind::kString) || type.is(TypeKind::kBytes)) return sizes_.text_bytes;
    if (type.is(TypeKind::kRecord)) return type.shape->fields.size();
    if (type.is(TypeKind::kList) || type.is(TypeKind::kMap)) return sizes_.list_items;
    return promised(type) == Kind::kFault ? std::max(sizes_.list_items, sizes_.text_bytes) : 64;
  }

  // A document is read where it lies and bounded where it came in: one value of it counts as its items.
  static uint64_t total_of_input(const Type& type, uint64_t size) {
    const bool is_many = type.is(TypeKind::kList) || type.is(TypeKind::kMap) || type.is(TypeKind::kRecord);
    return is_many ? size : kPartOfInput;
  }

  Result<std::vector<Estimate>> visit_all(std::span<const uint32_t> indices) {
    std::vector<Estimate> parts;
    for (uint32_t index : indices) parts.push_back(TRY(visit(index)));
    return parts;
  }

  Result<Estimate> visit(uint32_t index) {
    switch (of(index).refers) {
      case Refers::kVariable: return variable(index);
      case Refers::kTypeName: return constant(index, Value::type(of(index).type_name));
      case Refers::kLocal: {
        Estimate e = locals_[of(index).slot];
        e.cost = 1;
        e.code = emit(index, {.op = Op::kLocal, .slot = of(index).slot});
        return e;
      }
      default: break;
    }
    switch (node(index).kind) {
      case NodeKind::kConstant: return constant(index, node(index).constant);
      case NodeKind::kSelect: return select(index);
      case NodeKind::kCall: return call(index);
      case NodeKind::kList:
      case NodeKind::kMap: return collection(index);
      case NodeKind::kMacro: return loop(index);
      case NodeKind::kLet:
      case NodeKind::kBlock: return block(index);
      case NodeKind::kOptMap:
      case NodeKind::kOptFlatMap: return optional_map(index);
      default: return Estimate{.code = emit(index, {.op = Op::kUnknown}), .cost = 1};
    }
  }

  Instruction from_outside(uint32_t index, Instruction i) const {
    const Type& type = of(index).type;
    i.expects = node(index).is_test || node(index).is_optional ? Kind::kFault : promised(type);
    i.is_nullable = type.is(TypeKind::kTimestamp) || type.is(TypeKind::kDuration);
    return i;
  }

  Result<Estimate> variable(uint32_t index) {
    const Variable& declared = declarations_.variables[of(index).slot];
    Estimate e{.cost = 1, .size = input_size(declared.type, declared.max_size)};
    e.below = std::max(sizes_.list_items, sizes_.text_bytes);
    e.total = total_of_input(declared.type, e.size);
    e.part_total = kPartOfInput;
    const Instruction read{.op = Op::kVariable, .slot = of(index).slot, .name = name(declared.name)};
    e.code = emit(index, from_outside(index, read));
    return e;
  }

  Result<Estimate> select(uint32_t index) {
    const Node& here = node(index);
    const Estimate object = TRY(visit(here.children[0]));
    Instruction i = from_outside(index, {.op = Op::kMember, .name = name(here.text)});
    Estimate e{.cost = plus(object.cost, 1), .size = object.below, .below = object.below};
    e.total = e.part_total = object.part_total;
    const Type& type = of(here.children[0]).type;
    if (of(index).field && type.is(TypeKind::kRecord)) {
      const Field& field = type.shape->fields[*of(index).field];
      i.op = Op::kField;
      i.slot = static_cast<uint32_t>(*of(index).field);
      i.shape = type.shape.get();
      i.is_absent_when_null = promised(field.type) != Kind::kFault;
      e.size = input_size(field.type, field.max_size);
      e.total = total_of_input(field.type, e.size);
      if (i.is_absent_when_null) i.is_nullable = false;
      program_.kept.push_back(type);
    }
    if (here.is_optional) i.op = Op::kOptionalMember;
    if (here.is_test) i.op = Op::kHas, e.size = 64, e.total = e.part_total = 1;
    e.code = emit(index, i, {object});
    return folded(index, e, {object});
  }

  Result<Estimate> call(uint32_t index) {
    const Node& here = node(index);
    std::span<const uint32_t> arguments = here.children;
    if (!of(index).has_receiver) arguments = arguments.subspan(1);
    const auto simple =
        std::find_if(std::begin(kSimple), std::end(kSimple), [&](const Simple& s) { return s.name == here.text; });
    const bool is_logic = here.text == "&&" || here.text == "||" || here.text == "?:";
    if (!is_logic && (of(index).refers == Refers::kUnknown || !of(index).function))
      return unknown_call(index, arguments);
    const auto parts = TRY(visit_all(arguments));
    Estimate e = estimate_call(index, arguments, parts);
    if (here.text == "matches" && program_.code[parts[1].code].op == Op::kConstant) return matches(index, e, parts);
    Instruction i{.op = simple == std::end(kSimple) ? Op::kCall : simple->op};
    i.function = of(index).function;
    i.grows = of(index).growth == Growth::kSum || of(index).growth == Growth::kProduct;
    if (i.op == Op::kIndex) i = from_outside(index, i);
    e.code = emit(index, i, parts);
    return folded(index, e, parts);
  }

  Result<Estimate> unknown_call(uint32_t index, std::span<const uint32_t> arguments) {
    Estimate none{};
    if (!arguments.empty()) none = TRY(visit(arguments[0]));
    if (of(index).refers == Refers::kFunction) {
      Estimate e{.cost = 1};  // declared for checking only
      e.code = emit(index, {.op = Op::kUnknown}, {none});
      return e;
    }
    return Estimate{.code = emit(index, {.op = Op::kUnknown}, {none}), .cost = plus(none.cost, 1)};
  }

  Estimate estimate_call(uint32_t index, std::span<const uint32_t> arguments,
                         const std::vector<Estimate>& parts) const {
    Estimate e{.cost = sum_of_costs(parts)};
    uint64_t sum = 64;
    uint64_t product = 1;
    uint64_t below = 64;
    for (size_t i = 0; i < parts.size(); ++i) {
      sum = plus(sum, parts[i].size);
      product = times(product, plus(parts[i].size, 1));
      below = std::max({below, parts[i].below});
      e.cost = plus(e.cost, work_on(arguments[i], parts[i].size));
    }
    e.below = below;
    set_totals(index, e, parts);
    const Growth growth = of(index).growth;
    const bool is_choice = node(index).text == "?:";
    if (growth == Growth::kFirst) e.size = parts.empty() ? 64 : parts[0].size;
    if (growth == Growth::kSum) e.size = sum;
    if (growth == Growth::kProduct) e.size = product = times(product, plus(below, e.total));
    if (growth == Growth::kRange) e.size = kMaxRange, e.cost = plus(e.cost, kMaxRange);
    if (growth == Growth::kProduct) e.cost = plus(e.cost, product);
    if (growth == Growth::kSum) e.cost = plus(e.cost, work_on(index, sum));
    if (is_choice) e.size = std::max(parts[1].size, parts[2].size);
    if (node(index).text == "[]" || node(index).text == "[?]") e.size = e.below = parts[0].below;
    if (node(index).text == "split" || growth == Growth::kFirst) e.below = std::max(e.below, parts[0].size);
    if (node(index).text == "matches")
      e.cost = plus(e.cost, times(plus(parts[0].size, 64) / 64, plus(parts[1].size, 16) / 16));
    return e;
  }

  // Totals of a call's result; comparing and writing out go through everything, so their cost holds it too.
  void set_totals(uint32_t index, Estimate& e, const std::vector<Estimate>& parts) const {
    uint64_t sum = 1;
    uint64_t most = 1;
    for (const Estimate& part : parts) sum = plus(sum, part.total), most = std::max(most, part.part_total);
    const std::string& name = node(index).text;
    e.cost = plus(e.cost, name == "==" || name == "!=" || name == "in" || name == "format" ? sum : 0);
    e.total = of(index).growth == Growth::kFixed && name != "?:" ? 1 : sum;
    e.part_total = most;
    if (name == "[]" || name == "[?]") e.total = e.part_total = parts[0].part_total;
    if (of(index).growth == Growth::kRange) e.total = kMaxRange;
    if (name == "optional.of" || name == "optional.ofNonZeroValue") e.part_total = sum;
  }

  Result<Estimate> matches(uint32_t index, Estimate e, const std::vector<Estimate>& parts) {
    const Value& pattern = program_.constants[program_.code[parts[1].code].slot];
    auto compiled = Pattern::compile(pattern.is(Kind::kString) ? pattern.as_text() : "");
    if (!compiled) return std::unexpected(std::move(compiled).error().within(place_in(source_, node(index).at)));
    program_.patterns.push_back(std::move(*compiled));
    const auto slot = static_cast<uint32_t>(program_.patterns.size() - 1);
    e.code = emit(index, {.op = Op::kMatches, .slot = slot}, {parts[0]});
    return folded(index, e, {parts[0]});
  }

  Result<Estimate> collection(uint32_t index) {
    const Node& here = node(index);
    const auto parts = TRY(visit_all(here.children));
    const bool is_list = here.kind == NodeKind::kList;
    Estimate e{.cost = plus(sum_of_costs(parts), parts.size()), .size = is_list ? parts.size() : parts.size() / 2};
    for (const Estimate& part : parts) {
      e.below = std::max({e.below, part.size, part.below});
      e.total = plus(e.total, part.total);
      e.part_total = std::max(e.part_total, part.total);
    }
    Instruction i{.op = is_list ? Op::kList : Op::kMap};
    if (std::find(here.optional_parts.begin(), here.optional_parts.end(), true) != here.optional_parts.end()) {
      program_.optional_parts.push_back(here.optional_parts);
      i.slot = static_cast<uint32_t>(program_.optional_parts.size());
    }
    e.code = emit(index, i, parts);
    return folded(index, e, parts);
  }

  Result<Estimate> loop(uint32_t index) {
    const Node& here = node(index);
    std::vector<Estimate> parts{TRY(visit(here.children[0]))};
    const Estimate range = parts[0];
    const auto locals = static_cast<uint8_t>(here.locals.size());
    for (uint32_t i = 0; i < locals; ++i) locals_[of(index).slot + i] = part_of(range);
    uint64_t turn = 1;
    uint64_t below = range.below;
    uint64_t entries = 1;
    for (uint32_t child : std::span(here.children).subspan(1)) {
      parts.push_back(TRY(visit(child)));
      turn = plus(turn, parts.back().cost);
      below = std::max({below, parts.back().size, parts.back().below});
      entries = std::max<uint64_t>(entries, parts.back().size);
    }
    const bool by_entry = here.macro == Macro::kTransformMapEntry;
    Estimate e{.cost = plus(range.cost, plus(1, times(range.size, plus(turn, by_entry ? entries : 1)))),
               .size = range.size,
               .below = below};
    if (by_entry) e.size = times(range.size, entries);
    e.part_total = std::max(range.part_total, parts.back().total);
    e.total = plus(range.total, times(range.size, plus(e.part_total, 1)));
    if (here.macro <= Macro::kExistsOne) e.size = 64, e.total = e.part_total = 1;
    e.code = emit(index, {.op = Op::kLoop, .macro = here.macro, .local_count = locals, .slot = of(index).slot}, parts);
    return e;
  }

  // cel.bind and cel.block: each value is kept in a local for what follows.
  Result<Estimate> block(uint32_t index) {
    const Node& here = node(index);
    std::vector<Estimate> parts;
    for (size_t i = 0; i < here.children.size(); ++i) {
      parts.push_back(TRY(visit(here.children[i])));
      if (i + 1 < here.children.size()) locals_[of(index).slot + i] = parts.back();
    }
    Estimate e = parts.back();
    e.cost = sum_of_costs(parts);
    e.code = emit(index, {.op = here.kind == NodeKind::kLet ? Op::kLet : Op::kBlock, .slot = of(index).slot}, parts);
    return e;
  }

  Result<Estimate> optional_map(uint32_t index) {
    const Node& here = node(index);
    const Estimate object = TRY(visit(here.children[0]));
    locals_[of(index).slot] = object;
    const Estimate body = TRY(visit(here.children[1]));
    Estimate e = body;
    e.cost = sum_of_costs({object, body});
    e.part_total = std::max(body.total, body.part_total);
    const bool is_flat = here.kind == NodeKind::kOptFlatMap;
    e.code = emit(index, {.op = Op::kOptionalMap, .is_flat = is_flat, .slot = of(index).slot}, {object, body});
    return e;
  }

  const Ast& ast_;
  const Checked& checked_;
  const Declarations& declarations_;
  InputSizes sizes_;
  std::string_view source_;
  Program program_;
  std::vector<Estimate> locals_;
  std::map<std::string, size_t> names_;
};

}  // namespace

Result<Program> lower(const Ast& ast, const Checked& checked, const Declarations& declarations, InputSizes sizes,
                      std::string_view source) {
  return Lowering(ast, checked, declarations, sizes, source).run();
}

}  // namespace amity::expressions
