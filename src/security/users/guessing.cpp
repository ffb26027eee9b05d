#include "security/users/guessing.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace amity::security {
namespace {

// What a piece costs: the logarithm of how many of its kind there are to try.
constexpr double kWordCost = 3.0;      // of a list of a thousand
constexpr double kSurnameCost = 2.0;   // the hundred commonest Chinese surnames name most people
constexpr double kSyllableCost = 2.4;  // of the some 250 syllables that given names are made of
constexpr double kOwnNameCost = 0.5;
constexpr double kLuckyCost = 1.5;
constexpr double kRunCost = 2.0;
constexpr double kYearCost = 2.0;
constexpr double kDateCost = 4.3;   // of 55 years
constexpr double kPhoneCost = 5.0;  // whoever wants in knows it
constexpr double kDigitCost = 1.0;
constexpr double kLetterCost = 1.4;
constexpr double kSignCost = 1.5;
constexpr double kByteCost = 1.0;  // of a character of several bytes
constexpr double kJoinCost = 0.3;  // for each piece after the first: where it begins
constexpr double kRepeatCost = 1.0;

constexpr size_t kLongestPiece = 24;
constexpr size_t kLongestTakenApart = 128;  // what is longer and repeats nothing has more pieces than anybody tries

constexpr auto kWords = std::to_array<std::string_view>({
    // clang-format off
    "abc", "access", "account", "admin", "administrator", "agent", "alex", "alice", "amity", "amour", "angel", "anna",
    "apple", "april", "august", "autumn", "baby", "bank", "banker", "banking", "baseball", "basketball", "batman",
    "beijing", "black", "blue", "bob", "boss", "brother", "butterfly", "canada", "cash", "change", "changeme", "charlie",
    "cheese", "chen", "china", "chocolate", "coffee", "company", "computer", "cookie", "credit", "customer", "daddy",
    "daniel", "david", "december", "default", "demo", "diamond", "dragon", "eagle", "easy", "eight", "elephant", "emma",
    "europe", "family", "father", "february", "finance", "five", "flower", "football", "forever", "four", "freedom",
    "friend", "friends", "garden", "george", "german", "ginger", "girl", "god", "gold", "golden", "good", "google",
    "green", "guest", "hacker", "happy", "hello", "help", "hockey", "home", "honey", "hong", "house", "hunter",
    "iloveyou", "internet", "jack", "james", "january", "jesus", "john", "july", "june", "kitty", "letmein", "life",
    "lion", "london", "lotus", "love", "lovely", "lover", "lucky", "magic", "manager", "march", "maria", "market",
    "master", "matrix", "michael", "mobile", "monday", "money", "monkey", "moon", "morning", "mother", "music",
    "mustang", "my", "name", "new", "night", "nine", "ninja", "nothing", "november", "number", "october", "office",
    "officer", "one", "online", "open", "orange", "pass", "passwd", "password", "peace", "pepper", "phone", "picture",
    "please", "police", "prague", "praha", "prince", "princess", "private", "purple", "rainbow", "red", "river", "robert",
    "root", "rose", "sales", "samsung", "school", "secret", "secure", "security", "september", "server", "service",
    "seven", "shadow", "shanghai", "silver", "sister", "six", "smile", "snow", "soccer", "spring", "staff", "star",
    "student", "summer", "sun", "sunday", "sunshine", "super", "superman", "support", "sweet", "system", "teacher",
    "temp", "ten", "test", "tester", "three", "tiger", "today", "trust", "two", "user", "vip", "welcome", "whatever",
    "white", "william", "windows", "winner", "winter", "wolf", "woman", "work", "world", "xiao", "yellow", "you", "zero",
    "aini", "baobao", "baobei", "gongsi", "haoren", "jiayou", "laogong", "laopo", "mama", "mima", "nihao", "qinaide",
    "shengri", "woaini", "woaiwojia", "wode", "wodemima", "yinhang", "zhongguo", "zhanghao", "kuaile", "facai",
    // clang-format on
});

constexpr auto kSurnames = std::to_array<std::string_view>({
    "wang",  "li",  "zhang", "liu",  "chen", "yang", "huang", "zhao",  "wu",    "zhou", "xu",    "sun", "ma",  "zhu",
    "hu",    "guo", "he",    "lin",  "gao",  "luo",  "zheng", "liang", "xie",   "song", "tang",  "xu",  "han", "feng",
    "deng",  "cao", "peng",  "zeng", "xiao", "tian", "dong",  "pan",   "yuan",  "cai",  "jiang", "yu",  "du",  "ye",
    "cheng", "wei", "su",    "lu",   "ding", "ren",  "shen",  "yao",   "zhong", "cui",  "tan",   "fan", "shi", "liao",
    "jia",   "xia", "fu",    "fang", "zou",  "bai",  "meng",  "qin",   "qiu",   "hou",  "xiong", "jin", "lei", "long",
});

constexpr auto kSyllables = std::to_array<std::string_view>({
    "ai",  "an",    "bao",  "bin",  "bo",   "chao", "chun", "da",   "dan",  "de",   "fei",   "fen",  "gang", "guang",
    "gui", "guo",   "hai",  "hao",  "hong", "hua",  "hui",  "jian", "jie",  "jing", "juan",  "jun",  "kai",  "kun",
    "lan", "lei",   "lian", "ling", "mei",  "mei",  "mian", "min",  "ming", "na",   "nan",   "ni",   "ning", "ping",
    "qi",  "qiang", "qing", "rong", "rui",  "shan", "shu",  "tao",  "ting", "wen",  "xiang", "xin",  "xing", "xiu",
    "xue", "yan",   "yi",   "ying", "yong", "yun",  "ze",   "zhen", "zhi",  "zi",   "wei",   "fang", "li",   "yu",
});

constexpr auto kLucky = std::to_array<std::string_view>({
    "520", "521", "1314",      "5201314", "5211314", "1314520", "7758521", "7758258", "168", "518",   "888",
    "666", "999", "147258369", "147258",  "159357",  "123321",  "112233",  "110",     "007", "10086",
});

// Rows of keys, and the columns across them from the digits down.
constexpr auto kWalks = std::to_array<std::string_view>({
    "1234567890-=",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qawsedrftgyhujikolp",
    "!@#$%^&*()",
    "qazwsxedcrfvtgbyhnujm",
    "zaq1xsw2cde3vfr4bgt5",
    "741852963",
    "qweasdzxc",
    "asdqwe",
});

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

template <class List>
bool stands_in(const List& list, std::string_view piece) {
  return std::ranges::find(list, piece) != list.end();
}

// "p@55w0rd" -> "password"
std::string without_disguise(std::string_view piece) {
  constexpr std::string_view kFrom = "@4310!$57";
  constexpr std::string_view kTo = "aaeioisst";
  std::string plain(piece);
  for (char& c : plain) {
    if (const size_t at = kFrom.find(c); at != std::string_view::npos) c = kTo[at];
  }
  return plain;
}

// Each character follows the one before by the same step of 0, 1 or -1; nine is followed by nought.
bool is_run(std::string_view piece) {
  const int step = piece[1] - piece[0];
  if (piece.size() < 3 || step < -1 || step > 1) return false;
  for (size_t i = 2; i < piece.size(); ++i) {
    const bool wraps = step == 1 && piece[i - 1] == '9' && piece[i] == '0';
    if (piece[i] - piece[i - 1] != step && !wraps) return false;
  }
  return true;
}

bool is_walk(std::string_view piece) {
  if (piece.size() < 4) return false;
  const std::string back(piece.rbegin(), piece.rend());
  return std::ranges::any_of(kWalks, [&](std::string_view walk) {
    return walk.find(piece) != std::string_view::npos || walk.find(back) != std::string_view::npos;
  });
}

int number_of(std::string_view digits) {
  int number = 0;
  for (const char c : digits) number = number * 10 + (c - '0');
  return number;
}

bool is_day(int year, int month, int day) { return year >= 1920 && year <= 2039 && make_date(year, month, day); }

// 19900131, 31011990, 01311990, 900131
bool is_date(std::string_view digits) {
  const auto part = [&](size_t at, size_t size) { return number_of(digits.substr(at, size)); };
  if (digits.size() == 6) return is_day(part(0, 2) + (part(0, 2) < 40 ? 2000 : 1900), part(2, 2), part(4, 2));
  if (digits.size() != 8) return false;
  return is_day(part(0, 4), part(4, 2), part(6, 2)) || is_day(part(4, 4), part(2, 2), part(0, 2)) ||
         is_day(part(4, 4), part(0, 2), part(2, 2));
}

std::optional<double> cost_of_digits(std::string_view digits) {
  if (digits.size() == 4 && number_of(digits) >= 1920 && number_of(digits) <= 2039) return kYearCost;
  if (is_date(digits)) return kDateCost;
  if (digits.size() == 11 && digits[0] == '1' && digits[1] >= '3') return kPhoneCost;
  return std::nullopt;
}

bool is_of_name(std::string_view name, std::string_view piece) {
  return piece.size() >= 3 && name.find(piece) != std::string_view::npos;
}

// Of the kinds that are more than single characters, the cheapest this piece is.
std::optional<double> cost_of_kind(std::string_view name, std::string_view piece) {
  if (is_of_name(name, piece)) return kOwnNameCost;
  if (stands_in(kLucky, piece)) return kLuckyCost;
  if (is_run(piece)) return kRunCost;
  if (stands_in(kSurnames, piece)) return kSurnameCost;
  if (std::ranges::all_of(piece, is_digit)) {
    if (const auto cost = cost_of_digits(piece)) return cost;
  }
  if (stands_in(kSyllables, piece)) return kSyllableCost;
  if (is_walk(piece) || stands_in(kWords, piece) || stands_in(kWords, without_disguise(piece))) return kWordCost;
  return std::nullopt;
}

double cost_of_character(char c) {
  if (is_digit(c)) return kDigitCost;
  if (is_letter(c)) return kLetterCost;
  return static_cast<unsigned char>(c) < 0x80 ? kSignCost : kByteCost;
}

// The cheapest way to put the text together, piece by piece.
double cheapest(std::string_view name, std::string_view text) {
  std::vector<double> best(text.size() + 1, 0);
  for (size_t end = 1; end <= text.size(); ++end) {
    best[end] = best[end - 1] + cost_of_character(text[end - 1]);
    for (size_t size = 2; size <= std::min(end, kLongestPiece); ++size) {
      const auto cost = cost_of_kind(name, text.substr(end - size, size));
      const double join = end == size ? 0 : kJoinCost;
      if (cost) best[end] = std::min(best[end], best[end - size] + join + *cost);
    }
  }
  return best.back();
}

// The shortest text of which this one is a repetition, perhaps cut off: "abcabca" -> "abc".
std::string_view repeated_part(std::string_view text) {
  std::vector<size_t> border(text.size() + 1, 0);
  for (size_t end = 1, k = 0; end < text.size(); ++end) {
    while (k > 0 && text[end] != text[k]) k = border[k];
    border[end + 1] = text[end] == text[k] ? ++k : k;
  }
  return text.substr(0, text.size() - border[text.size()]);
}

}  // namespace

double guesses_log10(std::string_view name, std::string_view password) {
  const auto part = repeated_part(password);
  const bool is_repeated = part.size() * 2 <= password.size();
  if (!is_repeated && password.size() > kLongestTakenApart) return static_cast<double>(password.size());
  if (is_repeated) return kRepeatCost + cheapest(name, part.substr(0, kLongestTakenApart));
  return cheapest(name, password);
}

}  // namespace amity::security
