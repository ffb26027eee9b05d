// The room of a bank in a box: customers who earn, spend, borrow, invest, complain and are robbed, made from a seed.
//
// It is for demonstrations, load tests and out-of-time figures where no real bank's records may be used. Everything it
// makes are events of the catalogue (events/catalogue.h), as an institution's systems would send them, and they take
// the same way as real ones. What the events only hint at (who is under stress, who lost their work, which payments are
// fraud) is the truth, and comes apart from them: it is for judging models, never for training them.
//
// Nobody in it exists: identity numbers have valid check digits but the region 99, which is not assigned; telephone
// numbers begin with +86 120, which is no mobile prefix; mail addresses are of example.com (RFC 2606).
//
// The same options give the same bytes, whatever the number of threads and the machine: each household has its own
// random numbers, and nothing but exact arithmetic is used.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "events/event.h"

namespace amity::simulator {

struct Options {
  int customers = 1000;  // 1 to 10,000,000
  int days = 365;        // 1 to 3,660
  Date start{19723};     // 2024-01-01
  uint64_t seed = 1;
  double payments_a_day = 0.5;  // 0.02 to 5: of a customer, on average; where there are fewer, they are larger
  int threads = 1;              // 1 to 64; changes the speed only
};

// One thing that is true in the simulated world.
struct Truth {
  // "stress", "income_loss", "illness", "unforeseen_bill", "card_testing", "account_takeover" or "stolen_card"
  std::string kind;
  std::string subject;  // "customer/c000012", or "payment/ID" for fraud
  Date since;
  double strength = 0;  // of stress: deviations from the average; 0 otherwise
};

// One day of the bank, in the order of event times (days are those of UTC+8). Events have source, id, type, subject,
// time and data; what comes on the way (digest, entities, seq) is for the rooms they are sent to.
struct Day {
  Date date;
  std::vector<events::Event> events;
  std::vector<Truth> truths;
};

class Bank {
 public:
  static Result<Bank> create(const Options& options);
  Bank(Bank&&) noexcept;
  Bank& operator=(Bank&&) noexcept;
  ~Bank();

  bool is_over() const;
  Day next_day();  // not after is_over

 private:
  struct World;
  explicit Bank(std::unique_ptr<World> world);
  std::unique_ptr<World> world_;
};

// All days at once: for banks that fit in memory, at about a kilobyte an event.
struct Simulation {
  std::vector<events::Event> events;
  std::vector<Truth> truths;
};
Result<Simulation> simulate(const Options& options);

// One line of a JSONL file: the CloudEvents 1.0 document in canonical JSON, without the line end.
std::string cloud_event_line(const events::Event& event);
// One line of the truth file.
std::string truth_line(const Truth& truth);

}  // namespace amity::simulator
