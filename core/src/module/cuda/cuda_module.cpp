// The CUDA module: banks kept on the device, passes and volumes run there, failures turned into errors.
#include "kernels/cayley_menger_cuda.h"
#include "kernels/cuda_table.h"
#include "kernels/retrieval_pass_cuda.h"
#include "kernels/softmax_jacobian_cuda.h"

#include <cuda_runtime.h>

#include <algorithm>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace attnscope::kernels {
namespace {

void check(cudaError_t status, const char* wanted) {
    if (status == cudaSuccess) return;
    cudaGetLastError(); // a failure told once must not be found again by the next call
    throw Error(ErrorKind::resource, "CUDA device", wanted, cudaGetErrorString(status));
}

/// Memory on the device that was current when it was made.
class DeviceBuffer {
public:
    DeviceBuffer() = default;
    DeviceBuffer(DeviceBuffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
    DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
        std::swap(data_, other.data_);
        return *this;
    }
    ~DeviceBuffer() {
        if (data_) cudaFree(data_);
    }
    cudaError_t allocate(std::size_t bytes) { return cudaMalloc(&data_, std::max<std::size_t>(bytes, 1)); }
    template <class Value>
    Value* as() const {
        return static_cast<Value*>(data_);
    }

private:
    void* data_ = nullptr;
};

/// Banks on the devices, most recently used first. A bank is known by its memory and its owner; one whose owner is gone
/// leaves at the next pass, and the least recently used leave when memory runs short.
class DeviceBanks {
public:
    const float* find_or_copy(int device, const KeyBank& bank) {
        banks_.remove_if([](const Kept& kept) { return kept.owner.expired(); });
        const auto found = std::find_if(banks_.begin(), banks_.end(), [&](const Kept& kept) {
            return bank.owner && kept.device == device && kept.keys == bank.keys && kept.owner.lock() == bank.owner;
        });
        if (found != banks_.end()) {
            banks_.splice(banks_.begin(), banks_, found);
            return found->copy.as<float>();
        }
        const std::size_t bytes = bank.n * bank.d * sizeof(float);
        Kept kept{device, bank.keys, bank.owner, allocate(device, bytes)};
        check(cudaMemcpy(kept.copy.as<float>(), bank.keys, bytes, cudaMemcpyHostToDevice), "a copy of the bank");
        banks_.push_front(std::move(kept));
        return banks_.front().copy.as<float>();
    }

    /// Memory on a device; takes it from the banks there if it must.
    DeviceBuffer allocate(int device, std::size_t bytes) {
        DeviceBuffer buffer;
        for (;;) {
            const cudaError_t status = buffer.allocate(bytes);
            if (status == cudaSuccess) return buffer;
            const auto last =
                std::find_if(banks_.rbegin(), banks_.rend(), [&](const Kept& kept) { return kept.device == device; });
            if (status != cudaErrorMemoryAllocation || last == banks_.rend())
                check(status, (std::to_string(bytes >> 20) + " MB of memory").c_str());
            cudaGetLastError();
            banks_.erase(std::next(last).base());
        }
    }

    /// After a failure nothing on the device can be trusted.
    void forget() { banks_.clear(); }

private:
    struct Kept {
        int device;
        const float* keys;
        std::weak_ptr<const void> owner; // a bank without one expires at once: it is copied for each pass
        DeviceBuffer copy;
    };
    std::list<Kept> banks_;
};

/// The module's one state: what lies on the devices. A pass at a time.
struct Devices {
    std::mutex mutex;
    DeviceBanks banks;
};

Devices& devices() {
    // Never destroyed: the CUDA runtime is gone by the time static objects are.
    static Devices* const all = new Devices;
    return *all;
}

template <class Value>
DeviceBuffer upload(DeviceBanks& banks, int device, const Value* values, std::size_t count) {
    DeviceBuffer buffer = banks.allocate(device, count * sizeof(Value));
    check(cudaMemcpy(buffer.as<Value>(), values, count * sizeof(Value), cudaMemcpyHostToDevice),
          "a copy to the device");
    return buffer;
}

void run_pass(DeviceBanks& banks, int device, const KeyBank& bank, const ChunkInput& input, std::size_t rows,
              std::size_t chunks, ChunkSums* sums, double* updates) {
    check(cudaSetDevice(device), "a working device");
    const std::size_t states = input.states, padded = input.padded;
    const bool with_logits = std::any_of(input.logits, input.logits + states, [](const float* out) { return out; });
    // The states first: making room for them must not drop the bank just copied.
    const DeviceBuffer mean = upload(banks, device, input.mean, padded);
    const DeviceBuffer queries = upload(banks, device, input.queries, states * padded);
    const DeviceBuffer exact_queries = upload(banks, device, input.exact_queries, states * input.d);
    const DeviceBuffer shifts = upload(banks, device, input.shifts, states);
    const DeviceBuffer regimes = upload(banks, device, input.regimes, states);
    const DeviceBuffer update = upload(banks, device, input.update, states);
    DeviceBuffer logits;
    if (with_logits) logits = banks.allocate(device, states * bank.n * sizeof(float));
    const DeviceBuffer device_sums = banks.allocate(device, chunks * states * sizeof(ChunkSums));
    const DeviceBuffer device_updates = banks.allocate(device, chunks * states * padded * sizeof(double));

    CudaPass pass{};
    pass.keys = banks.find_or_copy(device, bank);
    pass.n = bank.n;
    pass.d = input.d;
    pass.padded = padded;
    pass.rows_per_chunk = rows;
    pass.chunks = chunks;
    pass.states = states;
    pass.mean = mean.as<float>();
    pass.queries = queries.as<float>();
    pass.exact_queries = exact_queries.as<double>();
    pass.shifts = shifts.as<double>();
    pass.regimes = regimes.as<Regime>();
    pass.update = update.as<std::uint8_t>();
    pass.logits = logits.as<float>();
    pass.sums = device_sums.as<ChunkSums>();
    pass.updates = device_updates.as<double>();
    check(launch_retrieval_pass(pass, nullptr), "a pass over the bank");
    check(cudaMemcpy(sums, pass.sums, chunks * states * sizeof(ChunkSums), cudaMemcpyDeviceToHost), "the pass's sums");
    check(cudaMemcpy(updates, pass.updates, chunks * states * padded * sizeof(double), cudaMemcpyDeviceToHost),
          "the pass's updates");
    for (std::size_t s = 0; s < states; ++s)
        if (input.logits[s])
            check(cudaMemcpy(input.logits[s], pass.logits + s * bank.n, bank.n * sizeof(float), cudaMemcpyDeviceToHost),
                  "the pass's logits");
}

int device_count() {
    int count = 0;
    if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
    cudaGetLastError();
    return 0;
}

std::string device_name(int device) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, device), "a working device");
    return properties.name;
}

void pass(int device, const KeyBank& bank, const ChunkInput& input, std::size_t rows_per_chunk, std::size_t chunks,
          ChunkSums* sums, double* updates) {
    Devices& all = devices();
    const std::lock_guard lock(all.mutex);
    try {
        run_pass(all.banks, device, bank, input, rows_per_chunk, chunks, sums, updates);
    } catch (const Error&) {
        all.banks.forget();
        throw;
    }
}

void run_simplices(DeviceBanks& banks, int device, const DistanceTable& table, const std::uint32_t* tuples, int corners,
                   std::size_t count, double* volumes) {
    check(cudaSetDevice(device), "a working device");
    const DeviceBuffer distances = upload(banks, device, table.values.data(), table.values.size());
    const DeviceBuffer rows = upload(banks, device, tuples, count * static_cast<std::size_t>(corners));
    const DeviceBuffer out = banks.allocate(device, count * sizeof(double));
    const CudaSimplices simplices{distances.as<double>(), rows.as<std::uint32_t>(), corners, count, out.as<double>()};
    check(launch_simplex_volumes(simplices, nullptr), "volumes of simplices");
    check(cudaMemcpy(volumes, simplices.volumes, count * sizeof(double), cudaMemcpyDeviceToHost), "the volumes");
}

void simplex_volumes(int device, const DistanceTable& table, const std::uint32_t* tuples, int corners,
                     std::size_t count, double* volumes) {
    Devices& all = devices();
    const std::lock_guard lock(all.mutex);
    try {
        run_simplices(all.banks, device, table, tuples, corners, count, volumes);
    } catch (const Error&) {
        all.banks.forget();
        throw;
    }
}

void run_jacobian(DeviceBanks& banks, int device, const float* probabilities, const float* gradients, std::size_t maps,
                  std::size_t length, bool causal, JacobianSums* sums) {
    check(cudaSetDevice(device), "a working device");
    const std::size_t elements = maps * length * length, parts = cuda_jacobian_parts(length);
    const DeviceBuffer a = upload(banks, device, probabilities, elements);
    const DeviceBuffer g = upload(banks, device, gradients, elements);
    const DeviceBuffer out = banks.allocate(device, maps * parts * sizeof(JacobianSums));
    const CudaJacobian jacobian{a.as<float>(), g.as<float>(), maps, length, causal, parts, out.as<JacobianSums>()};
    check(launch_softmax_jacobian(jacobian, nullptr), "the softmax Jacobian");
    std::vector<JacobianSums> all(maps * parts);
    check(cudaMemcpy(all.data(), jacobian.sums, all.size() * sizeof(JacobianSums), cudaMemcpyDeviceToHost), "its sums");
    for (std::size_t map = 0; map < maps; ++map) {
        sums[map] = {};
        for (std::size_t part = 0; part < parts; ++part) sums[map] += all[map * parts + part];
    }
}

void softmax_jacobian(int device, const float* probabilities, const float* gradients, std::size_t maps,
                      std::size_t length, bool causal, JacobianSums* sums) {
    Devices& all = devices();
    const std::lock_guard lock(all.mutex);
    try {
        run_jacobian(all.banks, device, probabilities, gradients, maps, length, causal, sums);
    } catch (const Error&) {
        all.banks.forget();
        throw;
    }
}

constexpr CudaTable table{device_count, device_name, pass, simplex_volumes, softmax_jacobian};

} // namespace
} // namespace attnscope::kernels

extern "C" __attribute__((visibility("default"))) const attnscope::kernels::CudaTable* attnscope_cuda_table() {
    return &attnscope::kernels::table;
}
