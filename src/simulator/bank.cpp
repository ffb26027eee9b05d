#include "simulator/bank.h"

#include <algorithm>
#include <iterator>
#include <thread>

#include <fmt/format.h>

#include "base/check.h"
#include "simulator/bank/household.h"
#include "simulator/bank/spending.h"

namespace amity::simulator {

struct Bank::World {
  City city;
  int threads = 1;
  Date today;
  std::vector<Household> households;
};

namespace {

constexpr uint64_t kMerchantStream = UINT64_MAX;
constexpr uint64_t kPairStream = UINT64_MAX - 1;
constexpr double kShareOfCouples = 0.25;  // of households

// Which customers live together is drawn first, one after the other; everything else is each household's own.
std::vector<Household> make_households(const Random& seed, const City& city, const std::string& source) {
  std::vector<Household> households;
  Random pairs = seed.fork(kPairStream);
  for (int number = 1; number <= city.customers;) {
    const int persons = number < city.customers && pairs.chance(kShareOfCouples) ? 2 : 1;
    households.push_back(make_household(seed.fork(static_cast<uint64_t>(number)), city, source, number, persons));
    number += persons;
  }
  return households;
}

// One thread's part of a day, in the order of households.
Day live_part(std::span<Household> households, const City& city, Date date) {
  Day part{.date = date, .events = {}, .truths = {}};
  for (auto& home : households) {
    live(home, city, date);
    home.diary.move_into(part);
  }
  return part;
}

Result<void> check_options(const Options& options) {
  const auto check = [](int value, int most, const char* name) -> Result<void> {
    if (value < 1 || value > most) return invalid(fmt::format("must lie between 1 and {}", most), name);
    return {};
  };
  TRY(check(options.customers, 10'000'000, "customers"));
  TRY(check(options.days, 3'660, "days"));
  TRY(check(options.threads, 64, "threads"));
  if (!(options.payments_a_day >= 0.02 && options.payments_a_day <= 5)) {
    return invalid("must lie between 0.02 and 5", "payments_a_day");
  }
  const int year = year_month_day(options.start).year;
  if (year < 1950 || year > 2200) return invalid("must lie between the years 1950 and 2200", "start");
  return {};
}

}  // namespace

Bank::Bank(std::unique_ptr<World> world) : world_(std::move(world)) {}
Bank::Bank(Bank&&) noexcept = default;
Bank& Bank::operator=(Bank&&) noexcept = default;
Bank::~Bank() = default;

Result<Bank> Bank::create(const Options& options) {
  TRY(check_options(options));
  const Random seed(options.seed);
  auto world = std::make_unique<World>();
  world->city = {.merchants_by_category = make_merchants(seed.fork(kMerchantStream), options.customers),
                 .customers = options.customers,
                 .payments_a_day = options.payments_a_day,
                 .first_day = options.start,
                 .last_day = {options.start.days + options.days - 1}};
  world->threads = options.threads;
  world->today = options.start;
  world->households = make_households(seed, world->city, fmt::format("simulator/{}", options.seed));
  return Bank(std::move(world));
}

bool Bank::is_over() const { return world_->today > world_->city.last_day; }

Day Bank::next_day() {
  CHECK(!is_over());
  const Date date = world_->today;
  const std::span<Household> all = world_->households;
  const auto count = static_cast<size_t>(world_->threads);
  std::vector<Day> parts(count);
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < count; ++i) {
      const size_t from = all.size() * i / count;
      const size_t to = all.size() * (i + 1) / count;
      threads.emplace_back(
          [&, i, from, to] { parts[i] = live_part(all.subspan(from, to - from), world_->city, date); });
    }
  }
  Day day{.date = date, .events = {}, .truths = {}};
  for (auto& part : parts) {
    std::ranges::move(part.events, std::back_inserter(day.events));
    std::ranges::move(part.truths, std::back_inserter(day.truths));
  }
  std::ranges::stable_sort(day.events, {}, &events::Event::time);  // equal times stay in the order of households
  ++world_->today.days;
  return day;
}

Result<Simulation> simulate(const Options& options) {
  Bank bank = TRY(Bank::create(options));
  Simulation all;
  while (!bank.is_over()) {
    Day day = bank.next_day();
    std::ranges::move(day.events, std::back_inserter(all.events));
    std::ranges::move(day.truths, std::back_inserter(all.truths));
  }
  return all;
}

std::string cloud_event_line(const events::Event& event) {
  return write_json(json::object{{"specversion", "1.0"},
                                 {"id", event.id},
                                 {"source", event.source},
                                 {"type", event.type},
                                 {"dataschema", std::to_string(event.schema_version)},
                                 {"subject", format(event.subject)},
                                 {"time", format(event.time)},
                                 {"data", event.data}});
}

std::string truth_line(const Truth& truth) {
  return write_json(json::object{
      {"kind", truth.kind}, {"subject", truth.subject}, {"since", format(truth.since)}, {"strength", truth.strength}});
}

}  // namespace amity::simulator
