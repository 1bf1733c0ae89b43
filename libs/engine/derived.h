#pragma once

#include "libs/engine/state.h"

// Parts of the state that follow from others. Apply keeps them, and a snapshot has them counted
// again when it is read.
namespace agentflow::engine {

// What so many taken and dead in-edges make of a node.
Readiness Judge(const workflow::Node& node, uint32_t taken, uint32_t dead);
// Whether a step that is over has taken an out-edge of its node.
bool IsTaken(const workflow::Plan& plan, const workflow::Edge& edge, const Step& step);

// A step's turn to begin. Tasks may have to wait for others to end (max_in_flight).
void AddTurn(ExecutionState& state, StepRef ref);

// Opens a wait, with the indexes by what it is for; or ends it, where there is one.
void AddWait(ExecutionState& state, StepRef ref, OpenWait wait);
void RemoveWait(ExecutionState& state, StepRef ref);

// Places (policy.concurrency) of one node in the body of a running flow.map. Null: it has none.
Places* PlacesOf(ExecutionState& state, ActivationIndex activation, NodeIndex node);
// Gives free places to the rounds that wait for one: their steps come to the agenda.
void HandOutPlaces(ExecutionState& state, StepRef container, NodeIndex node);
// A step asks for a place; or it is over, or closed, and leaves its place or the queue.
void EnterPlaces(ExecutionState& state, StepRef ref);
void LeavePlaces(ExecutionState& state, StepRef ref);
// The places of a container by its steps.
void CountPlaces(ExecutionState& state, StepRef container);

}  // namespace agentflow::engine
