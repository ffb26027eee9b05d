#include "simulator/bank/person.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

namespace amity::simulator {
namespace {

struct Word {
  std::string_view text;
  std::string_view latin;
};

constexpr Word kSurnames[] = {{"王", "Wang"},     {"李", "Li"},    {"张", "Zhang"}, {"刘", "Liu"},  {"陈", "Chen"},
                              {"杨", "Yang"},     {"赵", "Zhao"},  {"黄", "Huang"}, {"周", "Zhou"}, {"吴", "Wu"},
                              {"徐", "Xu"},       {"孙", "Sun"},   {"胡", "Hu"},    {"朱", "Zhu"},  {"高", "Gao"},
                              {"林", "Lin"},      {"何", "He"},    {"郭", "Guo"},   {"马", "Ma"},   {"罗", "Luo"},
                              {"梁", "Liang"},    {"宋", "Song"},  {"郑", "Zheng"}, {"谢", "Xie"},  {"韩", "Han"},
                              {"唐", "Tang"},     {"冯", "Feng"},  {"于", "Yu"},    {"董", "Dong"}, {"萧", "Xiao"},
                              {"欧阳", "Ouyang"}, {"司马", "Sima"}};
constexpr Word kFemaleGiven[] = {{"芳", "fang"}, {"娜", "na"},   {"秀", "xiu"},  {"敏", "min"}, {"静", "jing"},
                                 {"丽", "li"},   {"艳", "yan"},  {"娟", "juan"}, {"霞", "xia"}, {"燕", "yan"},
                                 {"婷", "ting"}, {"雪", "xue"},  {"玉", "yu"},   {"梅", "mei"}, {"月", "yue"},
                                 {"琳", "lin"},  {"倩", "qian"}, {"欣", "xin"}};
constexpr Word kMaleGiven[] = {{"伟", "wei"},  {"强", "qiang"}, {"磊", "lei"}, {"军", "jun"},  {"洋", "yang"},
                               {"勇", "yong"}, {"杰", "jie"},   {"涛", "tao"}, {"明", "ming"}, {"超", "chao"},
                               {"刚", "gang"}, {"平", "ping"},  {"辉", "hui"}, {"建", "jian"}, {"国", "guo"},
                               {"文", "wen"},  {"宇", "yu"},    {"浩", "hao"}};
constexpr std::string_view kEnglishFemale[] = {"Alice", "Emma", "Grace",  "Hannah", "Julia",  "Laura",
                                               "Maria", "Nora", "Olivia", "Ruth",   "Sophie", "Victoria"};
constexpr std::string_view kEnglishMale[] = {"Adam",  "Ben",   "Daniel", "Edward", "Frank", "George",
                                             "Henry", "James", "Martin", "Oliver", "Peter", "Thomas"};
constexpr std::string_view kEnglishSurnames[] = {"Archer",  "Baker",  "Carter",  "Dixon",  "Ellis",  "Fisher", "Graham",
                                                 "Hughes",  "Irving", "Jenkins", "Kerr",   "Lawson", "Mason",  "Norris",
                                                 "Osborne", "Palmer", "Quinn",   "Rhodes", "Sutton", "Turner"};
constexpr std::string_view kStreets[] = {"青禾路", "望江街", "松风大道", "石桥路",
                                         "云杉街", "银杏巷", "海棠路",   "东篱街"};
constexpr std::string_view kTowns[] = {"云港市", "南屿市", "北麓市", "西塘岭市"};
constexpr std::string_view kOccupations[] = {"engineer", "teacher", "nurse",  "driver",  "shopkeeper", "civil_servant",
                                             "cook",     "clerk",   "farmer", "retired", "student",    "self_employed"};

template <class T, size_t N>
const T& pick(Random& random, const T (&list)[N]) {
  return list[random.below(N)];
}

std::string with_capital(std::string word) {
  if (!word.empty()) word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return word;
}

void give_chinese_name(Identity& person, Random& random) {
  const Word& surname = pick(random, kSurnames);
  person.name = surname.text;
  std::string given;
  const int characters = random.chance(0.75) ? 2 : 1;
  for (int i = 0; i < characters; ++i) {
    const Word& character = person.is_female ? pick(random, kFemaleGiven) : pick(random, kMaleGiven);
    person.name += character.text;
    given += character.latin;
  }
  person.name_latin = fmt::format("{} {}", surname.latin, with_capital(given));
}

void give_english_name(Identity& person, Random& random) {
  const auto given = person.is_female ? pick(random, kEnglishFemale) : pick(random, kEnglishMale);
  person.name = fmt::format("{} {}", given, pick(random, kEnglishSurnames));
  person.name_latin = person.name;
}

std::string make_identity_number(Random& random, const Identity& person) {
  const auto [year, month, day] = year_month_day(person.birth_date);
  const uint64_t sequence = random.below(500) * 2 + (person.is_female ? 0 : 1);  // odd for men
  std::string digits = fmt::format("99{:04}{:04}{:02}{:02}{:03}", random.below(10'000), year, month, day, sequence);
  digits += identity_check_character(digits);
  return digits;
}

}  // namespace

char identity_check_character(std::string_view first_17_digits) {
  static constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (size_t i = 0; i < 17; ++i) sum += (first_17_digits[i] - '0') * kWeights[i];
  return "10X98765432"[sum % 11];
}

std::string make_phone(Random& random, int number) {
  return fmt::format("+86120{}{:07}", 1 + random.below(9), number % 10'000'000);
}

std::string make_address(Random& random) {
  const auto town = pick(random, kTowns);  // one draw after the other: arguments of a call have no order
  const auto street = pick(random, kStreets);
  const uint64_t number = 1 + random.below(300);
  const uint64_t building = 1 + random.below(20);
  const uint64_t floor = 1 + random.below(30);
  const uint64_t door = 1 + random.below(4);
  return fmt::format("{}{}{}号{}栋{}{:02}室", town, street, number, building, floor, door);
}

Identity make_identity(Random& random, int number, Date today) {
  Identity person;
  person.is_english = random.chance(0.15);
  person.is_female = random.chance(0.5);
  if (person.is_english) {
    give_english_name(person, random);
  } else {
    give_chinese_name(person, random);
  }
  person.birth_date = {today.days - static_cast<int32_t>(19 * 366 + random.below(50 * 365))};
  person.identity_number = make_identity_number(random, person);
  person.phone = make_phone(random, number);
  person.email = fmt::format("customer{}@example.com", number);
  person.address = make_address(random);
  person.occupation = pick(random, kOccupations);
  return person;
}

}  // namespace amity::simulator
