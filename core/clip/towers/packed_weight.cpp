#include "clip/towers/packed_weight.h"

#include <ATen/ATen.h>

#include <unordered_map>

#include "base/machine.h"

#ifdef PROMPTBED_ONEDNN
#include <dnnl.hpp>
#endif

namespace promptbed {

#ifdef PROMPTBED_ONEDNN

namespace {

using DnnlMatrix = dnnl::memory::desc;
using DnnlType = dnnl::memory::data_type;
using DnnlLayout = dnnl::memory::format_tag;

const dnnl::engine& processor_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

/// The numbers of a tensor, for an argument of oneDNN's, which takes inputs, too, as ones that may change.
dnnl::memory memory_of(const Tensor& x, const DnnlMatrix& shape) {
  return dnnl::memory(shape, processor_engine(), x.data_ptr());
}

class OnednnWeight final : public PackedWeight {
 public:
  OnednnWeight(const Tensor& weight, const Tensor& bias)
      : outputs_(weight.size(0)),
        inputs_(weight.size(1)),
        bias_(bias.defined() ? bias.to(torch::kFloat).contiguous() : bias),
        weight_(product(kUsualRows, DnnlMatrix({inputs_, outputs_}, DnnlType::bf16, DnnlLayout::any), {})
                    .weights_desc(),
                processor_engine()) {
    const Tensor rounded = weight.detach().to(torch::kBFloat16).contiguous();
    dnnl::memory rows = memory_of(rounded, {{inputs_, outputs_}, DnnlType::bf16, DnnlLayout::ba});
    dnnl::stream stream(processor_engine());
    dnnl::reorder(rows, weight_).execute(stream, rows, weight_);
    stream.wait();
  }

  Tensor multiply(const Tensor& x) const override {
    Tensor result = at::empty({x.size(0), outputs_}, x.options());
    multiply(x, result, {});
    return result;
  }

  void multiply_onto(const Tensor& sum, const Tensor& x) const override {
    dnnl::post_ops add;
    add.append_sum();
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(add);
    multiply(x, sum, attributes);
  }

 private:
  /// The layout is chosen for so many rows; products of fewer or more take it as well.
  static constexpr int64_t kUsualRows = 256;

  /// oneDNN keeps the code that it made for a product, so that asking again takes microseconds.
  dnnl::matmul::primitive_desc product(int64_t rows, const DnnlMatrix& weight,
                                       const dnnl::primitive_attr& attributes) const {
    const DnnlMatrix x({rows, inputs_}, DnnlType::bf16, DnnlLayout::ab);
    const DnnlMatrix y({rows, outputs_}, DnnlType::f32, DnnlLayout::ab);
    const DnnlMatrix bias =
        bias_.defined() ? DnnlMatrix({1, outputs_}, DnnlType::f32, DnnlLayout::ab) : DnnlMatrix();
#if DNNL_VERSION_MAJOR >= 3
    return dnnl::matmul::primitive_desc(processor_engine(), x, weight, bias, y, attributes);
#else
    return dnnl::matmul::primitive_desc(dnnl::matmul::desc(x, weight, bias, y), attributes,
                                        processor_engine());
#endif
  }

  void multiply(const Tensor& x, const Tensor& y, const dnnl::primitive_attr& attributes) const {
    if (x.size(0) == 0) return;
    const Tensor rounded = x.to(torch::kBFloat16).contiguous();
    const auto description = product(x.size(0), weight_.get_desc(), attributes);
    std::unordered_map<int, dnnl::memory> arguments{
        {DNNL_ARG_SRC, memory_of(rounded, description.src_desc())},
        {DNNL_ARG_WEIGHTS, weight_},
        {DNNL_ARG_DST, memory_of(y, description.dst_desc())}};
    if (bias_.defined()) arguments.emplace(DNNL_ARG_BIAS, memory_of(bias_, description.bias_desc()));
    dnnl::stream stream(processor_engine());
    dnnl::matmul(description).execute(stream, arguments);
    stream.wait();
  }

  int64_t outputs_, inputs_;
  Tensor bias_;
  dnnl::memory weight_;
};

}  // namespace

std::shared_ptr<const PackedWeight> pack(const Tensor& weight, const Tensor& bias) {
  if (!weight.is_cpu() || !has_bf16_products()) return nullptr;
  return std::make_shared<OnednnWeight>(weight, bias);
}

#else

std::shared_ptr<const PackedWeight> pack(const Tensor&, const Tensor&) {
  return nullptr;
}

#endif

}  // namespace promptbed
