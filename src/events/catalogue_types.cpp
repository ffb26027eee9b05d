#include "events/catalogue.h"

// The types of events, grouped by what they are about. A new field is added here, with a new version where old data
// would no longer pass; its upcaster stands in catalogue.cpp.
namespace amity::events {
namespace {

using enum FieldKind;
using enum DataClass;
using enum EntityKind;

constexpr bool kRequired = true;
constexpr bool kOptional = false;

constexpr int64_t kMaxMonths = 480;
constexpr std::string_view kSexes = "female|male|other|unknown";
constexpr std::string_view kAccountTypes = "deposit|card|loan|investment|insurance";
constexpr std::string_view kHolderRoles = "owner|joint_owner|authorised_user|guarantor|beneficiary";
constexpr std::string_view kPurposes = "service|credit_decision|fraud_prevention|marketing|model_development";
constexpr std::string_view kRelationships = "spouse|child|parent|sibling|dependant|employer|other";

constexpr Field kCustomerProfile[] = {
    {"kind", kCode, kOptional, kC1, kCustomer, "person|organisation"},
    {"name", kText, kOptional, kC2},
    {"name_latin", kText, kOptional, kC2},
    {"birth_date", kDate, kOptional, kC2},
    {"sex", kCode, kOptional, kC2, kCustomer, kSexes},
    {"phone", kText, kOptional, kC2},
    {"email", kText, kOptional, kC2},
    {"identity_number", kText, kOptional, kC2},
    {"address", kText, kOptional, kC2},
    {"district", kText},
    {"occupation", kText, kOptional, kC2},
    {"income", kMoney, kOptional, kC2, kCustomer, {}, 0},  // per month
    {"language", kCode, kOptional, kC1, kCustomer, "zh|en|cs"},
    {"unit", kUnit},
    {"segment", kText},
};
constexpr Field kRelationshipRecorded[] = {
    {"other", kReference, kRequired, kC2, kCustomer},
    {"relationship", kCode, kRequired, kC2, kCustomer, kRelationships},
    {"until", kDate},
};
constexpr Field kRiskProfileAssessed[] = {
    {"level", kCode, kRequired, kC2, kCustomer, "C1|C2|C3|C4|C5"},
    {"valid_until", kDate, kRequired},
};
constexpr Field kConsentGiven[] = {
    {"purpose", kCode, kRequired, kC1, kCustomer, kPurposes},
    {"notice_version", kText, kRequired},
    {"language", kCode, kRequired, kC1, kCustomer, "zh|en|cs"},
    {"channel", kText},
};
constexpr Field kConsentWithdrawn[] = {
    {"purpose", kCode, kRequired, kC1, kCustomer, kPurposes},
    {"channel", kText},
};
constexpr Field kInteractionRecorded[] = {
    {"channel", kCode, kRequired, kC1, kCustomer, "branch|phone|chat|email|app|web|social"},
    {"direction", kCode, kRequired, kC1, kCustomer, "in|out"},
    {"topic", kText},
    {"text", kText, kOptional, kC2},
    {"device", kReference, kOptional, kC2, kDevice},
};
constexpr Field kCustomerErased[] = {
    {"basis", kText, kRequired},  // the request's record, never the person's data
    {"accounts", kText},          // pseudonyms of the accounts nobody else held, separated by commas
};
constexpr Field kAccountErased[] = {
    {"basis", kText, kRequired},
};
constexpr Field kCustomerFrozen[] = {
    {"basis", kText, kRequired},
    {"accounts", kText},
    {"until", kText, kRequired},   // a day; not a date of the catalogue, which ends with 2100
    {"duties", kText, kRequired},  // names in retention.yaml, separated by commas
};
constexpr Field kAccountFrozen[] = {
    {"basis", kText, kRequired},
    {"until", kText, kRequired},
    {"duties", kText, kRequired},
};
constexpr Field kCustomerMerged[] = {
    {"other", kReference, kRequired, kC2, kCustomer}, {"basis", kText, kRequired},  // why: never the person's data
};
constexpr Field kAccountOpened[] = {
    {"type", kCode, kRequired, kC1, kAccount, kAccountTypes},
    {"currency", kCurrency, kRequired},
    {"holders", kHolders, kRequired, kC2, kCustomer, kHolderRoles},
    {"product", kText},
    {"unit", kUnit},
    {"statements", kText},
};
constexpr Field kAccountHolderAdded[] = {
    {"customer", kReference, kRequired, kC2, kCustomer},
    {"role", kCode, kRequired, kC1, kCustomer, kHolderRoles},
};
constexpr Field kAccountHolderRemoved[] = {
    {"customer", kReference, kRequired, kC2, kCustomer},
};
constexpr Field kCardIssued[] = {
    {"card", kReference, kRequired, kC2, kCard},
    {"customer", kReference, kOptional, kC2, kCustomer},
    {"card_type", kText},
};
constexpr Field kStandingOrderCreated[] = {
    {"order", kText, kRequired},
    {"amount", kMoney, kRequired, kC2, kAccount, {}, 1},
    {"purpose", kText},
    {"counterparty", kReference, kOptional, kC2, kCounterparty},
};
constexpr Field kTransactionPosted[] = {
    {"amount", kMoney, kRequired, kC2, kAccount, {}, 0},  // never negative; the direction says which way
    {"direction", kCode, kRequired, kC1, kAccount, "credit|debit"},
    {"operation", kText},
    {"category", kText},
    {"channel", kText},
    {"country", kText},
    {"balance_after", kMoney, kOptional, kC2},
    {"counterparty", kReference, kOptional, kC2, kCounterparty},
    {"merchant", kReference, kOptional, kC2, kMerchant},
    {"card", kReference, kOptional, kC2, kCard},
    {"device", kReference, kOptional, kC2, kDevice},
    {"payment", kText},  // the payment.requested this posting settles
};
constexpr Field kPaymentRequested[] = {
    {"amount", kMoney, kRequired, kC2, kAccount, {}, 1},
    {"channel", kCode, kRequired, kC1, kAccount, "card_present|card_online|transfer|cash"},
    {"country", kText},
    {"category", kText},
    {"counterparty", kReference, kOptional, kC2, kCounterparty},
    {"merchant", kReference, kOptional, kC2, kMerchant},
    {"card", kReference, kOptional, kC2, kCard},
    {"device", kReference, kOptional, kC2, kDevice},
};
constexpr Field kPaymentLabelled[] = {
    {"payment", kText, kRequired},  // the id of the payment.requested
    {"fraud", kBoolean, kRequired, kC2},
    {"merchant", kReference, kOptional, kC2, kMerchant},  // of the payment: what its fraud rate is counted from
    {"labelled_by", kText},
};
constexpr Field kCreditApplication[] = {
    {"application", kText, kRequired},
    {"amount", kMoney, kRequired, kC2, kAccount, {}, 1},
    {"months", kInteger, kRequired, kC2, kAccount, {}, 1, kMaxMonths},
    {"payment", kMoney, kOptional, kC2, kAccount, {}, 0},  // per month
    {"purpose", kText},
};
constexpr Field kLoanGranted[] = {
    {"loan", kText, kRequired},
    {"amount", kMoney, kRequired, kC2, kAccount, {}, 1},
    {"months", kInteger, kRequired, kC2, kAccount, {}, 1, kMaxMonths},
    {"payment", kMoney, kOptional, kC2, kAccount, {}, 0},
};
constexpr Field kLoanStatusRecorded[] = {
    {"loan", kText, kRequired},
    {"status", kCode, kRequired, kC2, kAccount, "performing|in_arrears|repaid|defaulted"},
};
constexpr Field kInvestmentOrder[] = {
    {"product", kText, kRequired},
    {"side", kCode, kRequired, kC1, kAccount, "buy|sell"},
    {"amount", kMoney, kRequired, kC2, kAccount, {}, 1},
};

constexpr bool kInternal = true;

constexpr Type kTypes[] = {
    {"customer.registered", 1, kCustomer, "a person or organisation becomes known", kCustomerProfile},
    {"customer.updated", 1, kCustomer, "values of a customer change; those not named stay", kCustomerProfile},
    {"customer.erased", 1, kCustomer, "a customer's data has been erased", kCustomerErased, kInternal},
    {"account.erased", 1, kAccount, "an account has been erased apart from its last holder", kAccountErased, kInternal},
    {"customer.frozen", 1, kCustomer, "a customer's data is kept for the law alone, until a day", kCustomerFrozen,
     kInternal},
    {"account.frozen", 1, kAccount, "an account is kept for the law alone, apart from its last holder", kAccountFrozen,
     kInternal},
    {"customer.merged", 1, kCustomer, "another reference was found to be the same customer's", kCustomerMerged,
     kInternal},
    {"customer.unmerged", 1, kCustomer, "another reference was found not to be this customer's after all",
     kCustomerMerged, kInternal},
    {"relationship.recorded", 1, kCustomer, "two customers are related", kRelationshipRecorded},
    {"risk_profile.assessed", 1, kCustomer, "how much risk a customer can bear was assessed", kRiskProfileAssessed},
    {"consent.given", 1, kCustomer, "a customer agrees to a purpose", kConsentGiven},
    {"consent.withdrawn", 1, kCustomer, "a customer withdraws a consent", kConsentWithdrawn},
    {"interaction.recorded", 1, kCustomer, "a contact on some channel", kInteractionRecorded},
    {"account.opened", 1, kAccount, "an account begins, with its holders", kAccountOpened},
    {"account.holder_added", 1, kAccount, "a customer joins an account", kAccountHolderAdded},
    {"account.holder_removed", 1, kAccount, "a customer leaves an account", kAccountHolderRemoved},
    {"card.issued", 1, kAccount, "a card is issued on an account", kCardIssued},
    {"standing_order.created", 1, kAccount, "a recurring payment is ordered", kStandingOrderCreated},
    {"transaction.posted", 1, kAccount, "money moved on an account", kTransactionPosted},
    {"payment.requested", 1, kAccount, "a payment asks to be made; decided before it is", kPaymentRequested},
    {"payment.labelled", 1, kAccount, "what a payment turned out to be", kPaymentLabelled},
    {"credit.application", 1, kAccount, "credit is applied for; decided", kCreditApplication},
    {"loan.granted", 1, kAccount, "a loan is paid out", kLoanGranted},
    {"loan.status_recorded", 1, kAccount, "how a loan stands", kLoanStatusRecorded},
    {"investment.order", 1, kAccount, "an order for a product; decided for suitability", kInvestmentOrder},
};

}  // namespace

std::span<const Type> catalogue() { return kTypes; }

const Type* find_type(std::string_view name) {
  for (const auto& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

}  // namespace amity::events
