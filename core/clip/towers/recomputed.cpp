#include "clip/towers/recomputed.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <utility>

namespace promptbed {
namespace {

using Work = std::function<Tensor(const Tensor&, const Tensor&)>;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// A function, in a form that a node of the graph can hold.
struct Kept : torch::CustomClassHolder {
  explicit Kept(Work w) : work(std::move(w)) {}
  Work work;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
  static Tensor forward(AutogradContext* context, const Work& f, const Tensor& a, const Tensor& b) {
    context->saved_data["f"] = c10::IValue::make_capsule(c10::make_intrusive<Kept>(f));
    context->save_for_backward({a, b});
    return f(a, b);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto kept = context->saved_data["f"].toCapsule();
    const variable_list saved = context->get_saved_variables();
    const auto leaf = [](const Tensor& x) { return x.detach().requires_grad_(x.requires_grad()); };
    const Tensor a = leaf(saved[0]), b = leaf(saved[1]);
    {
      const at::AutoGradMode with_gradients(true);
      torch::autograd::backward({static_cast<Kept*>(kept.get())->work(a, b)}, gradients);
    }
    return {Tensor(), a.grad(), b.grad()};
  }
};

}  // namespace

Tensor recomputed(Work f, const Tensor& a, const Tensor& b) {
  return Recomputed::apply(f, a, b);
}

}  // namespace promptbed
