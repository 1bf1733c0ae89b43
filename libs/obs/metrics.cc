#include "libs/obs/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "libs/base/status.h"

namespace agentflow::obs {

// One family, whatever its type: finds series by their label values.
struct FamilyRep {
  std::vector<std::string> labels;
  size_t max_series = 0;
  std::function<void*(const std::map<std::string, std::string>&)> make;

  std::shared_mutex mutex;
  std::map<std::vector<std::string>, void*, std::less<>> series;

  void* With(LabelValues values) {
    AF_CHECK(values.size() == labels.size());
    std::vector<std::string> key(values.begin(), values.end());
    {
      std::shared_lock lock(mutex);
      auto found = series.find(key);
      if (found != series.end()) return found->second;
    }
    std::unique_lock lock(mutex);
    if (series.size() >= max_series && !labels.empty()) {
      key.assign(labels.size(), "other");
    }
    auto [found, made] = series.try_emplace(key, nullptr);
    if (made) {
      std::map<std::string, std::string> pairs;
      for (size_t i = 0; i < labels.size(); ++i) pairs[labels[i]] = key[i];
      found->second = make(pairs);
    }
    return found->second;
  }
};

void Counter::Add(double amount) const {
  if (series_ != nullptr) static_cast<prometheus::Counter*>(series_)->Increment(amount);
}
void Gauge::Set(double value) const {
  if (series_ != nullptr) static_cast<prometheus::Gauge*>(series_)->Set(value);
}
void Gauge::Add(double amount) const {
  if (series_ != nullptr) static_cast<prometheus::Gauge*>(series_)->Increment(amount);
}
void Histogram::Observe(double value) const {
  if (series_ != nullptr) static_cast<prometheus::Histogram*>(series_)->Observe(value);
}

Counter CounterFamily::With(LabelValues values) const {
  Counter out;
  if (rep_ != nullptr) out.series_ = rep_->With(values);
  return out;
}
Gauge GaugeFamily::With(LabelValues values) const {
  Gauge out;
  if (rep_ != nullptr) out.series_ = rep_->With(values);
  return out;
}
Histogram HistogramFamily::With(LabelValues values) const {
  Histogram out;
  if (rep_ != nullptr) out.series_ = rep_->With(values);
  return out;
}

std::vector<double> LatencyBuckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

struct Registry::Rep {
  prometheus::Registry registry;
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<FamilyRep>, std::less<>> families;

  // `build` makes the family in prometheus-cpp and gives the function that makes a series.
  template <typename Build>
  std::shared_ptr<FamilyRep> Find(std::string_view name, std::vector<std::string> labels,
                                  int max_series, Build build) {
    std::lock_guard lock(mutex);
    std::shared_ptr<FamilyRep>& family = families[std::string(name)];
    if (family == nullptr) {
      family = std::make_shared<FamilyRep>();
      family->labels = std::move(labels);
      family->max_series = static_cast<size_t>(max_series);
      family->make = build();
    } else {
      AF_CHECK(family->labels == labels);
    }
    return family;
  }
};

Registry::Registry() : rep_(std::make_unique<Rep>()) {}
Registry::~Registry() = default;

CounterFamily Registry::Counters(std::string_view name, std::string_view help,
                                 std::vector<std::string> labels, int max_series) {
  CounterFamily out;
  out.rep_ = rep_->Find(name, std::move(labels), max_series, [&] {
    auto& family = prometheus::BuildCounter()
                       .Name(std::string(name))
                       .Help(std::string(help))
                       .Register(rep_->registry);
    return [&family](const auto& pairs) -> void* { return &family.Add(pairs); };
  });
  return out;
}

GaugeFamily Registry::Gauges(std::string_view name, std::string_view help,
                             std::vector<std::string> labels, int max_series) {
  GaugeFamily out;
  out.rep_ = rep_->Find(name, std::move(labels), max_series, [&] {
    auto& family = prometheus::BuildGauge()
                       .Name(std::string(name))
                       .Help(std::string(help))
                       .Register(rep_->registry);
    return [&family](const auto& pairs) -> void* { return &family.Add(pairs); };
  });
  return out;
}

HistogramFamily Registry::Histograms(std::string_view name, std::string_view help,
                                     std::vector<std::string> labels, std::vector<double> buckets,
                                     int max_series) {
  HistogramFamily out;
  out.rep_ = rep_->Find(name, std::move(labels), max_series, [&] {
    auto& family = prometheus::BuildHistogram()
                       .Name(std::string(name))
                       .Help(std::string(help))
                       .Register(rep_->registry);
    return [&family, buckets](const auto& pairs) -> void* { return &family.Add(pairs, buckets); };
  });
  return out;
}

obs::Counter Registry::Counter(std::string_view name, std::string_view help) {
  return Counters(name, help, {}).With({});
}
obs::Gauge Registry::Gauge(std::string_view name, std::string_view help) {
  return Gauges(name, help, {}).With({});
}
obs::Histogram Registry::Histogram(std::string_view name, std::string_view help,
                                   std::vector<double> buckets) {
  return Histograms(name, help, {}, std::move(buckets)).With({});
}

std::string Registry::Text() const {
  return prometheus::TextSerializer().Serialize(rep_->registry.Collect());
}

}  // namespace agentflow::obs
