#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/latin.h"
#include "base/text.h"
#include "customers/resolution/dates.h"
#include "customers/resolution/fields.h"
#include "customers/resolution/places.h"

namespace amity::customers {
namespace {

using Names = std::pair<FieldKind, std::string_view>;

constexpr std::array<Names, 13> kKinds = {{{FieldKind::kIgnored, "ignored"},
                                           {FieldKind::kName, "name"},
                                           {FieldKind::kGivenName, "given_name"},
                                           {FieldKind::kFamilyName, "family_name"},
                                           {FieldKind::kPhone, "phone"},
                                           {FieldKind::kEmail, "email"},
                                           {FieldKind::kAddress, "address"},
                                           {FieldKind::kCity, "city"},
                                           {FieldKind::kPostcode, "postcode"},
                                           {FieldKind::kNumber, "number"},
                                           {FieldKind::kIdentityNumber, "identity_number"},
                                           {FieldKind::kDate, "date"},
                                           {FieldKind::kCategory, "category"}}};

// Part of a header without spaces, underscores and accents, in simplified characters; the first that fits decides, so
// the more particular stand before.
constexpr std::array<Names, 145> kHeaders = {{{FieldKind::kEmail, "mail"},
                                              {FieldKind::kEmail, "correo"},
                                              {FieldKind::kEmail, "邮箱"},
                                              {FieldKind::kEmail, "邮件"},
                                              {FieldKind::kEmail, "邮件地址"},
                                              {FieldKind::kEmail, "pocta"},
                                              {FieldKind::kPostcode, "postcode"},
                                              {FieldKind::kPostcode, "postal"},
                                              {FieldKind::kPostcode, "zip"},
                                              {FieldKind::kPostcode, "plz"},
                                              {FieldKind::kPostcode, "postleitzahl"},
                                              {FieldKind::kPostcode, "邮编"},
                                              {FieldKind::kPostcode, "邮政编码"},
                                              {FieldKind::kPostcode, "邮递"},
                                              {FieldKind::kPostcode, "邮便"},
                                              {FieldKind::kPostcode, "indeks"},
                                              {FieldKind::kPhone, "telno"},
                                              {FieldKind::kPhone, "telnum"},
                                              {FieldKind::kPhone, "phone"},
                                              {FieldKind::kPhone, "mobile"},
                                              {FieldKind::kPhone, "telephone"},
                                              {FieldKind::kPhone, "telefon"},
                                              {FieldKind::kPhone, "telefono"},
                                              {FieldKind::kPhone, "cellular"},
                                              {FieldKind::kPhone, "handy"},
                                              {FieldKind::kPhone, "手机"},
                                              {FieldKind::kPhone, "电话"},
                                              {FieldKind::kPhone, "联系方式"},
                                              {FieldKind::kPhone, "携帯"},
                                              {FieldKind::kDate, "bday"},
                                              {FieldKind::kDate, "birth"},
                                              {FieldKind::kDate, "dob"},
                                              {FieldKind::kDate, "geburt"},
                                              {FieldKind::kDate, "naissance"},
                                              {FieldKind::kDate, "nacimiento"},
                                              {FieldKind::kDate, "nascita"},
                                              {FieldKind::kDate, "nascimento"},
                                              {FieldKind::kDate, "narozeni"},
                                              {FieldKind::kDate, "生日"},
                                              {FieldKind::kDate, "出生"},
                                              {FieldKind::kDate, "生年月日"},
                                              {FieldKind::kDate, "rozden"},
                                              {FieldKind::kIdentityNumber, "socsec"},
                                              {FieldKind::kIdentityNumber, "socialsecurity"},
                                              {FieldKind::kIdentityNumber, "ssn"},
                                              {FieldKind::kIdentityNumber, "identity"},
                                              {FieldKind::kIdentityNumber, "nationalid"},
                                              {FieldKind::kIdentityNumber, "idnumber"},
                                              {FieldKind::kIdentityNumber, "idcard"},
                                              {FieldKind::kIdentityNumber, "idno"},
                                              {FieldKind::kIdentityNumber, "certno"},
                                              {FieldKind::kIdentityNumber, "certificateno"},
                                              {FieldKind::kIdentityNumber, "passport"},
                                              {FieldKind::kIdentityNumber, "pasaporte"},
                                              {FieldKind::kIdentityNumber, "reisepass"},
                                              {FieldKind::kIdentityNumber, "taxid"},
                                              {FieldKind::kIdentityNumber, "taxnumber"},
                                              {FieldKind::kIdentityNumber, "身份证"},
                                              {FieldKind::kIdentityNumber, "证件号"},
                                              {FieldKind::kIdentityNumber, "护照"},
                                              {FieldKind::kIdentityNumber, "信用代码"},
                                              {FieldKind::kIdentityNumber, "税号"},
                                              {FieldKind::kIdentityNumber, "pasport"},
                                              {FieldKind::kNumber, "streetnumber"},
                                              {FieldKind::kNumber, "housenumber"},
                                              {FieldKind::kNumber, "streetno"},
                                              {FieldKind::kNumber, "houseno"},
                                              {FieldKind::kNumber, "hausnummer"},
                                              {FieldKind::kNumber, "门牌"},
                                              {FieldKind::kGivenName, "givenname"},
                                              {FieldKind::kGivenName, "firstname"},
                                              {FieldKind::kGivenName, "forename"},
                                              {FieldKind::kGivenName, "middlename"},
                                              {FieldKind::kGivenName, "vorname"},
                                              {FieldKind::kGivenName, "prenom"},
                                              {FieldKind::kGivenName, "名字"},
                                              {FieldKind::kFamilyName, "surname"},
                                              {FieldKind::kFamilyName, "lastname"},
                                              {FieldKind::kFamilyName, "familyname"},
                                              {FieldKind::kFamilyName, "nachname"},
                                              {FieldKind::kFamilyName, "familienname"},
                                              {FieldKind::kFamilyName, "apellido"},
                                              {FieldKind::kFamilyName, "cognome"},
                                              {FieldKind::kFamilyName, "sobrenome"},
                                              {FieldKind::kFamilyName, "familia"},
                                              {FieldKind::kFamilyName, "姓氏"},
                                              {FieldKind::kName, "姓名"},
                                              {FieldKind::kName, "名称"},
                                              {FieldKind::kName, "户名"},
                                              {FieldKind::kName, "公司"},
                                              {FieldKind::kName, "企业"},
                                              {FieldKind::kName, "拼音"},
                                              {FieldKind::kName, "客户名"},
                                              {FieldKind::kName, "氏名"},
                                              {FieldKind::kName, "名前"},
                                              {FieldKind::kName, "pinyin"},
                                              {FieldKind::kCategory, "country"},
                                              {FieldKind::kCategory, "nationality"},
                                              {FieldKind::kCategory, "citizenship"},
                                              {FieldKind::kCategory, "国籍"},
                                              {FieldKind::kCategory, "国家"},
                                              {FieldKind::kCategory, "省份"},
                                              {FieldKind::kCategory, "州省"},
                                              {FieldKind::kAddress, "addr"},
                                              {FieldKind::kAddress, "address"},
                                              {FieldKind::kAddress, "street"},
                                              {FieldKind::kAddress, "adresse"},
                                              {FieldKind::kAddress, "direccion"},
                                              {FieldKind::kAddress, "indirizzo"},
                                              {FieldKind::kAddress, "endereco"},
                                              {FieldKind::kAddress, "strasse"},
                                              {FieldKind::kAddress, "adresa"},
                                              {FieldKind::kAddress, "地址"},
                                              {FieldKind::kAddress, "住址"},
                                              {FieldKind::kAddress, "住所"},
                                              {FieldKind::kAddress, "adres"},
                                              {FieldKind::kCity, "city"},
                                              {FieldKind::kCity, "suburb"},
                                              {FieldKind::kCity, "town"},
                                              {FieldKind::kCity, "ciudad"},
                                              {FieldKind::kCity, "ville"},
                                              {FieldKind::kCity, "wohnort"},
                                              {FieldKind::kCity, "citta"},
                                              {FieldKind::kCity, "cidade"},
                                              {FieldKind::kCity, "mesto"},
                                              {FieldKind::kCity, "城市"},
                                              {FieldKind::kCity, "市区"},
                                              {FieldKind::kCity, "gorod"},
                                              {FieldKind::kCategory, "state"},
                                              {FieldKind::kCategory, "gender"},
                                              {FieldKind::kCategory, "province"},
                                              {FieldKind::kCategory, "geschlecht"},
                                              {FieldKind::kCategory, "性别"},
                                              {FieldKind::kCategory, "籍贯"},
                                              {FieldKind::kCategory, "民族"},
                                              {FieldKind::kName, "company"},
                                              {FieldKind::kName, "fullname"},
                                              {FieldKind::kName, "nombre"},
                                              {FieldKind::kName, "nome"},
                                              {FieldKind::kName, "name"},
                                              {FieldKind::kName, "nom"},
                                              {FieldKind::kName, "naam"},
                                              {FieldKind::kName, "jmeno"},
                                              {FieldKind::kName, "imya"},
                                              {FieldKind::kName, "fio"}}};
// Whole headers; what only looks like one of the above, or numbers rows and tells nothing of whoever stands in them.
constexpr std::array<Names, 35> kWholeHeaders = {
    {{FieldKind::kCategory, "pol"},     {FieldKind::kName, "ima"},        {FieldKind::kGivenName, "名"},
     {FieldKind::kFamilyName, "姓"},    {FieldKind::kGivenName, "fname"}, {FieldKind::kFamilyName, "lname"},
     {FieldKind::kGivenName, "given"},  {FieldKind::kGivenName, "first"}, {FieldKind::kFamilyName, "family"},
     {FieldKind::kFamilyName, "last"},  {FieldKind::kCategory, "sex"},    {FieldKind::kCategory, "国"},
     {FieldKind::kCategory, "省"},      {FieldKind::kCategory, "land"},   {FieldKind::kCity, "市"},
     {FieldKind::kCity, "ort"},         {FieldKind::kPhone, "tel"},       {FieldKind::kPhone, "cell"},
     {FieldKind::kPhone, "fax"},        {FieldKind::kIgnored, "id"},      {FieldKind::kIgnored, "no"},
     {FieldKind::kIgnored, "nr"},       {FieldKind::kIgnored, "key"},     {FieldKind::kIgnored, "uid"},
     {FieldKind::kIgnored, "recid"},    {FieldKind::kIgnored, "rowid"},   {FieldKind::kIgnored, "entity"},
     {FieldKind::kIgnored, "cluster"},  {FieldKind::kIgnored, "group"},   {FieldKind::kIgnored, "label"},
     {FieldKind::kIgnored, "truth"},    {FieldKind::kIgnored, "编号"},    {FieldKind::kIgnored, "序号"},
     {FieldKind::kIgnored, "username"}, {FieldKind::kIgnored, "用户名"}}};

// "entity_id", "客户编号": the number of a record, however it is made; "soc_sec_id" is one of a person.
bool is_record_number(std::string_view plain) {
  const auto is_of_person = [&](const Names& header) {
    return header.first == FieldKind::kIdentityNumber && plain.contains(header.second);
  };
  if (std::ranges::any_of(kHeaders, is_of_person)) return false;
  return plain.ends_with("id") || plain.ends_with("编号") || plain.ends_with("客户号");
}

std::optional<FieldKind> kind_of_header(std::string_view header) {
  std::string plain;
  for (const auto& word : words_of(simplified_text(fold_text(header)))) {
    plain += word.is_han ? word.text : latin_text(word.text);
  }
  for (const auto& [kind, whole] : kWholeHeaders) {
    if (plain == whole) return kind;
  }
  if (is_record_number(plain)) return FieldKind::kIgnored;
  for (const auto& [kind, part] : kHeaders) {
    if (plain.contains(part)) return kind;
  }
  return std::nullopt;
}

struct Shares {
  double of(int count) const { return filled == 0 ? 0 : static_cast<double>(count) / filled; }
  int filled = 0;
  int mails = 0;
  int identities = 0;
  int dates = 0;
  int phones = 0;
  int addresses = 0;
  int names = 0;
  std::set<std::string> values;
};

// A mobile number of China, or what has a plus or separators as only telephone numbers do.
bool is_phone(std::string_view folded, std::string_view digits) {
  if (digits.size() == 11 && digits[0] == '1' && digits[1] >= '3') return true;
  return digits.size() >= 7 && folded.find_first_not_of("0123456789+-() ") == std::string::npos &&
         (folded.starts_with('+') || folded.find_first_of("-( ") != std::string::npos);
}

// Two to four Han characters, or two to six words without digits.
bool is_like_name(const Field& name) {
  const auto has_digit = [](const FieldWord& word) {
    return word.text.find_first_of("0123456789") != std::string::npos;
  };
  if (std::ranges::any_of(name.words, has_digit)) return false;
  return name.words.size() >= 2 && name.words.size() <= (name.is_han ? 4 : 6);
}

// Words with a number and a word for a part of a place.
bool is_like_address(std::string_view folded) {
  if (folded.find_first_of("0123456789") == std::string::npos) return false;
  const auto place = read_place(folded);
  const auto& words = place.is_han ? place.spelt : place.words;
  return words.size() >= 3 && std::ranges::any_of(words, is_part_of_place);
}

void count_value(Shares& shares, const std::string& value) {
  const auto folded = fold_text(value);
  const bool is_date = folded.size() >= 8 && folded.size() <= 30 && !date_digits(folded).empty();
  ++shares.filled;
  shares.mails += folded.contains('@') && folded.contains('.') ? 1 : 0;
  shares.identities += read_field(FieldKind::kIdentityNumber, value).is_proven ? 1 : 0;
  shares.dates += is_date ? 1 : 0;
  shares.phones += !is_date && is_phone(folded, read_field(FieldKind::kPhone, value).whole) ? 1 : 0;
  shares.addresses += is_like_address(folded) ? 1 : 0;
  shares.names += is_like_name(read_field(FieldKind::kName, value)) ? 1 : 0;
  shares.values.insert(folded);
}

FieldKind kind_of_values(const ResolutionTable& table, size_t column) {
  constexpr size_t kRowsLookedAt = 1000;
  constexpr double kMost = 0.8;
  constexpr double kMany = 0.6;
  Shares shares;
  for (size_t row = 0; row < std::min(kRowsLookedAt, table.rows.size()); ++row) {
    if (const auto& value = table.rows[row][column]; !value.empty()) count_value(shares, value);
  }
  if (shares.of(shares.mails) > kMost) return FieldKind::kEmail;
  if (shares.of(shares.identities) > kMost) return FieldKind::kIdentityNumber;
  if (shares.of(shares.dates) > kMost) return FieldKind::kDate;
  if (shares.of(shares.phones) > kMost) return FieldKind::kPhone;
  // Few values over and over are a class of some sort, of which nothing is known.
  if (shares.filled > 20 && shares.values.size() * 4 < static_cast<size_t>(shares.filled)) return FieldKind::kIgnored;
  if (shares.of(shares.addresses) > kMany) return FieldKind::kAddress;
  if (shares.of(shares.names) > kMany) return FieldKind::kName;
  return FieldKind::kIgnored;
}

}  // namespace

std::string_view name_of(FieldKind kind) { return std::ranges::find(kKinds, kind, &Names::first)->second; }

std::optional<FieldKind> field_kind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &Names::second);
  if (found == kKinds.end()) return std::nullopt;
  return found->first;
}

std::vector<FieldKind> recognise_columns(const ResolutionTable& table) {
  std::vector<FieldKind> kinds;
  for (size_t column = 0; column < table.columns.size(); ++column) {
    const auto by_header = kind_of_header(table.columns[column]);
    kinds.push_back(by_header ? *by_header : kind_of_values(table, column));
  }
  return kinds;
}

}  // namespace amity::customers
