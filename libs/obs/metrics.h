#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Metrics in the Prometheus data model. One Registry per process, made in main and handed down.
// Names: agentflow_<service>_<noun>_<unit>[_total]. Label values come from small fixed sets; a
// family takes at most `max_series` of them, all later ones are counted under "other".
//
// Handles are pointers, cheap to copy, thread-safe, and good as long as the Registry lives. A
// default-made handle swallows what it is told.
namespace agentflow::obs {

class Counter {
 public:
  void Add(double amount = 1) const;

 private:
  friend class CounterFamily;
  void* series_ = nullptr;
};

class Gauge {
 public:
  void Set(double value) const;
  void Add(double amount) const;

 private:
  friend class GaugeFamily;
  void* series_ = nullptr;
};

class Histogram {
 public:
  void Observe(double value) const;

 private:
  friend class HistogramFamily;
  void* series_ = nullptr;
};

// A metric with labels. With() finds or makes the series: keep the handle on hot paths.
using LabelValues = std::initializer_list<std::string_view>;

class CounterFamily {
 public:
  Counter With(LabelValues values) const;

 private:
  friend class Registry;
  std::shared_ptr<struct FamilyRep> rep_;
};

class GaugeFamily {
 public:
  Gauge With(LabelValues values) const;

 private:
  friend class Registry;
  std::shared_ptr<struct FamilyRep> rep_;
};

class HistogramFamily {
 public:
  Histogram With(LabelValues values) const;

 private:
  friend class Registry;
  std::shared_ptr<struct FamilyRep> rep_;
};

// Seconds, from 0.5 ms to 10 s.
std::vector<double> LatencyBuckets();

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The same name twice must have the same labels and gives the same metric.
  CounterFamily Counters(std::string_view name, std::string_view help,
                         std::vector<std::string> labels, int max_series = 200);
  GaugeFamily Gauges(std::string_view name, std::string_view help, std::vector<std::string> labels,
                     int max_series = 200);
  HistogramFamily Histograms(std::string_view name, std::string_view help,
                             std::vector<std::string> labels,
                             std::vector<double> buckets = LatencyBuckets(), int max_series = 200);
  // Without labels.
  obs::Counter Counter(std::string_view name, std::string_view help);
  obs::Gauge Gauge(std::string_view name, std::string_view help);
  obs::Histogram Histogram(std::string_view name, std::string_view help,
                           std::vector<double> buckets = LatencyBuckets());

  // The text exposition format, version 0.0.4.
  std::string Text() const;
  static constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace agentflow::obs
