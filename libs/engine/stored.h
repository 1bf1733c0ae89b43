#pragma once

#include <limits>
#include <memory>
#include <string_view>

#include "libs/engine/state.h"
#include "libs/engine/wire.h"

// The parts that events and snapshots have in common, as fields. Readers return false for
// broken bytes and skip unknown tags.
namespace agentflow::engine {

void WriteStartInfo(const StartInfo& info, WireWriter& out);
bool ReadStartInfo(std::string_view bytes, std::shared_ptr<const StartInfo>* info);

void WriteOffer(const Offer& offer, WireWriter& out);
bool ReadOffer(std::string_view bytes, std::shared_ptr<const Offer>* offer);

void WriteWait(const Wait& wait, WireWriter& out);
bool ReadWait(std::string_view bytes, std::shared_ptr<const Wait>* wait);

// Sixteen bytes; the nil one is not written.
void WriteIdField(uint32_t tag, const Uuid& id, WireWriter& out);
bool ReadId(std::string_view bytes, Uuid* id);

void WriteErrorField(uint32_t tag, const Error& error, WireWriter& out);
bool ReadError(std::string_view bytes, Error* error);

void WriteEndingField(uint32_t tag, const Ending& ending, WireWriter& out);
bool ReadEnding(std::string_view bytes, Ending* ending);

// Null is not written.
void WriteValueField(uint32_t tag, const json::Value& value, WireWriter& out);
bool ReadValue(std::string_view bytes, json::Value* value);

// Whether `number` fits; then it is stored.
template <typename T>
bool Fit(uint64_t number, T* out) {
  if (number > std::numeric_limits<T>::max()) return false;
  *out = static_cast<T>(number);
  return true;
}

}  // namespace agentflow::engine
