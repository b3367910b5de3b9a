#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "methods/assignment.h"
#include "methods/literature_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

/// DePT, a method on another one, on three classes.
class Wrapper : public test::LiteratureMethod {
 protected:
  const Method& dept() const { return registry_.at("dept"); }

  /// The points that assignments span, in a sweep of these methods.
  std::vector<GivenOptions> points(const std::vector<std::string>& texts,
                                   const std::vector<std::string>& methods = {"dept"}) const {
    return given_options(dept(), parse_assignments(texts, methods, registry_), registry_);
  }

  static Tensor named(PromptLearner& learner, const std::string& wanted) {
    for (const auto& [name, tensor] : learner.trainable()) {
      if (name == wanted) return tensor.detach().clone();
    }
    throw Error("no tensor " + wanted);
  }
};

TEST_F(Wrapper, HasItsBasesOptionsBesideItsOwn) {
  const Options options = registry_.options_of(dept());
  EXPECT_EQ(options.text("base"), "coop");
  EXPECT_EQ(options.real("weight"), 0.7);
  EXPECT_EQ(options.integer("base.n_ctx"), 16) << "CoOp under DePT starts from sixteen vectors";
  EXPECT_EQ(options.text("base.position"), "end");

  const Options other = registry_.options_of(dept(), {{"base", "kgcoop"}});
  EXPECT_EQ(other.real("base.weight"), 2);
  EXPECT_FALSE(other.values().contains("base.position"));
}

TEST_F(Wrapper, SettlesBothAndKeepsThemTogether) {
  const Options given = registry_.options_of(dept(), {{"base", "kgcoop"}});
  const Options settled = registry_.create(dept(), given)->resolve(task_);
  EXPECT_EQ(settled.text("base.ctx_init"), "a photo of a");
  EXPECT_EQ(settled.integer("base.n_ctx"), 4);
  EXPECT_EQ(registry_.create(dept(), settled)->resolve(task_).values(), settled.values());
}

TEST_F(Wrapper, NeedsWhatItsBaseNeeds) {
  const Options options = registry_.options_of(dept(), {{"base", "tip_adapter_f"}});
  EXPECT_TRUE(registry_.create(dept(), options)->needs().validation_features);
  EXPECT_EQ(registry_.selection_of(dept(), options), Selection::few_shot_validation) << "its base's";
  EXPECT_FALSE(registry_.create(dept(), registry_.options_of(dept()))->needs().validation_features);
  EXPECT_EQ(registry_.selection_of(dept(), registry_.options_of(dept())), Selection::none);
}

TEST_F(Wrapper, RefusesWhatCannotBeItsBase) {
  const auto with = [&](const std::string& base) {
    return registry_.create(dept(), registry_.options_of(dept(), {{"base", base}}))->resolve(task_);
  };
  EXPECT_ERROR(with("nothing"), "dept: base \"nothing\": no plugin offers it; choose among ");
  EXPECT_ERROR(with("dept"), "dept: base \"dept\": is built on another method itself; choose among ");
  EXPECT_ERROR(with("clip_zeroshot"), "dept: base \"clip_zeroshot\": is not trained; choose among ");
  EXPECT_ERROR(with("linear_probe"), "dept: base \"linear_probe\": has a solver of its own; choose among ");
  EXPECT_ERROR(with("prograd"), "dept: base prograd: offers no text features to build on; give another");
}

TEST_F(Wrapper, ItsBaseIsSetByItsOwnNameOrUnderTheWrapperAlone) {
  const auto plain = points({"dept.base=kgcoop"});
  ASSERT_EQ(plain.size(), 1u);
  EXPECT_EQ(plain[0].options.real("base.weight"), 2);
  for (const std::vector<std::string>& texts :
       {std::vector<std::string>{"dept.base=kgcoop", "kgcoop.weight=4"},
        {"kgcoop.weight=4", "dept.base=kgcoop"},
        {"dept.base.weight=4", "dept.base=kgcoop"},
        {"dept.base=kgcoop", "kgcoop.weight=1", "dept.base.weight=4"},
        {"dept.base=kgcoop", "dept.base.weight=4", "kgcoop.weight=1"}})
    EXPECT_EQ(points(texts).at(0).options.real("base.weight"), 4);
  const auto several = points({"dept.base=kgcoop", "dept.base.weight=7,8", "kgcoop.weight=9"});
  ASSERT_EQ(several.size(), 2u);
  EXPECT_EQ(several[0].options.real("base.weight"), 7);
  EXPECT_EQ(several[1].options.real("base.weight"), 8);
}

TEST_F(Wrapper, BasesAndTheirOptionsSpanAGrid) {
  const auto grid = points({"dept.base=coop,kgcoop", "kgcoop.weight=1,2", "coop.n_ctx=4"});
  std::vector<std::string> labels;
  for (const GivenOptions& point : grid) labels.push_back(point.label);
  EXPECT_EQ(labels, (std::vector<std::string>{"base=coop", "base=kgcoop base.weight=1",
                                              "base=kgcoop base.weight=2"}));
  EXPECT_EQ(grid.at(0).options.integer("base.n_ctx"), 4);
}

TEST_F(Wrapper, AnAssignmentForAMethodThatIsNoBaseIsRefused) {
  EXPECT_ERROR(points({"kgcoop.weight=4"}),
               "--set kgcoop.weight=4: method kgcoop is not among --methods dept");
  EXPECT_ERROR(points({"dept.base.weight=4"}),
               "--set dept.base.weight=4: no option base.weight; known: base, ");
  EXPECT_ERROR(points({"dept.base=nothing"}), "dept: base \"nothing\": no plugin offers it");
}

TEST_F(Wrapper, AnErrorOfTheBaseNamesBoth) {
  EXPECT_ERROR(make("dept", {{"base.position", "above"}}), "dept: coop: no class-token position \"above\"");
}

TEST_F(Wrapper, TheCodeOfARunIsThatOfBoth) {
  const std::string on_coop = registry_.code_hash(dept(), {{"base", "coop"}});
  EXPECT_NE(on_coop, dept().file_hash);
  EXPECT_NE(on_coop, registry_.code_hash(dept(), {{"base", "kgcoop"}}));
  EXPECT_EQ(registry_.code_hash(registry_.at("coop"), {}), registry_.at("coop").file_hash);
}

/// The head sees the true classes' text features and the image features, neither of unit length.
TEST_F(Wrapper, DePTMixesAHeadIntoLossAndLogits) {
  const auto learner = make_shifted("dept", {{"base.n_ctx", "2"}});
  const Tensor scale = named(*learner, "image.scale"), shift = named(*learner, "image.shift");
  const Tensor weight = named(*learner, "head.weight"), bias = named(*learner, "head.bias");
  const auto head = [&](const Tensor& x) { return x.matmul(weight.t()) + bias; };
  std::vector<Tensor> rows;
  for (const int64_t letters : {3, 4, 5}) {
    const Tensor prefix = at::cat({embed({28}), named(*learner, "base.ctx")}).unsqueeze(0);
    rows.push_back(task_.text_encoder->encode({prefix, embed({letters, 0, 29}), {3}}).flatten());
  }
  const Tensor texts = at::stack(rows);
  const Tensor similar = 10 * normalised(batch_.features).matmul(normalised(texts).t());
  const Tensor of_images = head(batch_.features * scale + shift);
  const Tensor of_texts = head(texts.index_select(0, batch_.labels) * named(*learner, "text.scale") +
                               named(*learner, "text.shift"));
  const auto entropy = [&](const Tensor& logits) {
    return -logits.log_softmax(-1).gather(1, batch_.labels.unsqueeze(1)).mean();
  };
  const Tensor loss = 0.3 * entropy(similar) + 0.35 * (entropy(of_texts) + entropy(of_images));
  EXPECT_NEAR(learner->loss(batch_).item<double>(), loss.item<double>(), 1e-4);
  EXPECT_TRUE(at::allclose(learner->logits(batch_), 0.3 * similar + 0.7 * of_images, 1e-4, 1e-4));

  learner->retarget({"zebra", "cat"});
  const Tensor two = at::tensor({2, 0}, torch::kLong);
  EXPECT_TRUE(at::allclose(learner->logits(batch_), (0.3 * similar + 0.7 * of_images).index_select(1, two),
                           1e-4, 1e-4));
}

/// The text features depend on the image there.
TEST_F(Wrapper, DePTOnCoCoOpShowsTheHeadEachImagesOwnClass) {
  const Options options = registry_.options_of(dept(), {{"base", "cocoop"}, {"weight", 1.0}});
  const auto learner = registry_.create(dept(), options);
  learner->resolve(task_);
  learner->bind(task_);
  const auto base = make("cocoop");
  NamedTensors of_base;
  for (const auto& [name, tensor] : base->trainable())
    of_base.emplace_back(name, named(*learner, "base." + name));
  base->load_state(of_base);
  const Outputs outputs = base->outputs(batch_);
  std::vector<Tensor> seen;
  for (int64_t i = 0; i < 4; ++i) seen.push_back(outputs.text_features[i][batch_.labels[i].item<int64_t>()]);
  const Tensor rows = at::cat({at::stack(seen), batch_.features});
  const Tensor predicted = rows.matmul(named(*learner, "head.weight").t()) + named(*learner, "head.bias");
  const Tensor labels = at::cat({batch_.labels, batch_.labels}).unsqueeze(1);
  EXPECT_NEAR(learner->loss(batch_).item<double>(),
              -predicted.log_softmax(-1).gather(1, labels).mean().item<double>(), 1e-4);
}

TEST_F(Wrapper, DePTServesNewClassesAsItsBaseDoes) {
  const auto learner = make_shifted("dept", {{"base.n_ctx", "2"}});
  const auto coop = make("coop", {{"n_ctx", "2"}});
  coop->load_state({{"ctx", named(*learner, "base.ctx")}});
  learner->retarget(task_.new_class_names);
  coop->retarget(task_.new_class_names);
  EXPECT_TRUE(at::equal(learner->logits(batch_), coop->logits(batch_)));
}

/// Other classes are known by their names, however many they are.
TEST_F(Wrapper, DePTKnowsItsTrainedClassesWhateverItIsLoadedInto) {
  const auto learner = make_shifted("dept", {{"base.n_ctx", "2"}});
  const Tensor trained = learner->logits(batch_);
  const ClassNames classes = std::exchange(task_.class_names, {"ox", "polar_bear", "mongoose"});
  learner->retarget(task_.class_names);
  const auto loaded = make("dept", {{"base.n_ctx", "2"}});
  loaded->load_state(learner->state());
  EXPECT_TRUE(at::equal(loaded->logits(batch_), learner->logits(batch_)));
  loaded->retarget(classes);
  EXPECT_TRUE(at::equal(loaded->logits(batch_), trained));
}

TEST_F(Wrapper, DePTRefusesAHeadThatDoesNotFitItsClasses) {
  const auto learner = make("dept");
  task_.class_names.pop_back();
  NamedTensors state;
  for (const auto& entry : learner->state()) {
    if (entry.first != "head.class_names") state.push_back(entry);
  }
  EXPECT_ERROR(make("dept")->load_state(state), "dept: the trained prompt's head has 3 rows for 2 classes");
}

TEST_F(Wrapper, DePTLeavesTheOtherTermsOfItsBaseAlone) {
  Options options = registry_.options_of(dept(), {{"base", "kgcoop"}, {"weight", 1.0}, {"base.weight", 0.0}});
  const auto without = registry_.create(dept(), options);
  options.set("base.weight", OptionValue(3.0));
  const auto with = registry_.create(dept(), options);
  for (PromptLearner* learner : {without.get(), with.get()}) {
    learner->resolve(task_);
    learner->bind(task_);
  }
  with->load_state(without->state());
  const Tensor cosine = (learned_features(named(*with, "base.ctx")) * hand_written_features()).sum(-1).mean();
  EXPECT_NEAR((with->loss(batch_) - without->loss(batch_)).item<double>(), 3 * (1 - cosine).item<double>(),
              1e-4);
}

TEST_F(Wrapper, DePTIsTrainedAsItsAuthorsDo) {
  const Recipe on_coop = make("dept")->recipe(task_);
  EXPECT_EQ(on_coop.epochs, 10);
  EXPECT_EQ(on_coop.batch_size, 4);
  EXPECT_EQ(on_coop.groups.at(0).prefix, "base.");
  EXPECT_EQ(on_coop.groups.at(0).learning_rate, 0.0035);
  EXPECT_EQ(on_coop.groups.at(1).learning_rate, 6.5 * 0.0035);
  const auto conditional = registry_.create(dept(), registry_.options_of(dept(), {{"base", "cocoop"}}));
  EXPECT_EQ(conditional->recipe(task_).batch_size, 1);
  EXPECT_EQ(conditional->recipe(task_).groups.at(0).learning_rate, 0.002);
}

/// What a method offers has to be what it trains by.
TEST_F(Wrapper, OutputsAgreeWithLogitsAndLoss) {
  for (const char* name : {"coop", "kgcoop", "cocoop"}) {
    const auto learner = make_shifted(name);
    ASSERT_TRUE(learner->offers().text_features) << name;
    const Outputs outputs = learner->outputs(batch_);
    EXPECT_TRUE(at::allclose(outputs.logits, learner->logits(batch_))) << name;
    EXPECT_TRUE(at::allclose(outputs.loss, learner->loss(batch_))) << name;
    EXPECT_GT((outputs.text_features.norm(2, -1) - 1).abs().max().item<double>(), 1e-3) << name;
  }
  EXPECT_FALSE(make("prograd")->offers().text_features) << "its gradient is that of no loss";
}

}  // namespace
}  // namespace promptbed
