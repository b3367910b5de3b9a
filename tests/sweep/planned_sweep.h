#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "support/sweep_world.h"
#include "sweep/plan.h"

namespace promptbed::test {

class PlannedSweep : public testing::Test {
 protected:
  /// A sweep over the small world, by coop and zero-shot.
  SweepSpec spec() const {
    SweepSpec spec;
    spec.methods = {"clip_zeroshot", "coop"};
    spec.suite = "small";
    spec.shots = {1, 2};
    spec.seeds = {1, 2, 3};
    spec.model = world_ / "model";
    spec.data = world_ / "data";
    spec.cache = world_ / "runs/cache";
    spec.ledger = world_ / "runs/ledger.db";
    spec.suites = world_ / "suites";
    return spec;
  }

  static std::set<std::string> ids(const SweepSpec& spec) {
    const Workbench bench(spec);
    std::set<std::string> ids;
    for (const PlannedRun& run : plan_sweep(spec, bench).runs) ids.insert(run.id);
    return ids;
  }

  SweepWorld world_;
};

}  // namespace promptbed::test
