// Files of tensors put together by hand, so that tests can put them together wrongly.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::test {

template <class Number>
std::string raw(Number number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
}
template <class Number>
std::string raw(std::initializer_list<Number> numbers) {
    std::string bytes;
    for (const Number number : numbers) bytes += raw(number);
    return bytes;
}

/// Header length, header, data.
std::string safetensors(std::string_view header, std::string_view data);

/// An npy array with any header text.
std::string npy(std::string_view header, std::string_view data, int version = 1);
/// «{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }»
std::string npy_text(std::string_view descr, std::string_view shape, bool fortran = false);

struct Member {
    std::string name, content;
    bool deflated = false;
    // Lies for tests of what a reader believes; unset where negative.
    std::int64_t claimed_size = -1, claimed_crc = -1;
    bool encrypted = false;
    std::size_t padding = 0; ///< bytes of extra field in front of the data
};
std::string zip(std::span<const Member> members);
inline std::string zip(std::initializer_list<Member> members) {
    return zip(std::span<const Member>(members.begin(), members.size()));
}

/// Assembles pickles of protocol 2.
class Pickle {
public:
    Pickle& op(std::string_view bytes) { return bytes_ += bytes, *this; }
    Pickle& text(std::string_view text) { return op("X").op(raw(static_cast<std::uint32_t>(text.size()))).op(text); }
    Pickle& integer(std::int32_t number) { return op("J").op(raw(number)); }
    Pickle& global(std::string_view module, std::string_view name) {
        return op("c").op(module).op("\n").op(name).op("\n");
    }
    Pickle& sizes(std::initializer_list<std::int32_t> numbers) {
        op("(");
        for (const auto number : numbers) integer(number);
        return op("t");
    }
    Pickle& storage(std::string_view type, std::string_view key, std::int32_t count) {
        return op("(").text("storage").global("torch", type).text(key).text("cpu").integer(count).op("tQ");
    }
    /// A tensor of float32 that is a view of storage `key`.
    Pickle& tensor(std::string_view key, std::int32_t count, std::int32_t offset,
                   std::initializer_list<std::int32_t> shape, std::initializer_list<std::int32_t> strides,
                   std::string_view type = "FloatStorage") {
        global("torch._utils", "_rebuild_tensor_v2").op("(").storage(type, key, count).integer(offset);
        return sizes(shape).sizes(strides).op("\x89").global("collections", "OrderedDict").op(")RtR");
    }
    /// Bytes, the way protocol 2 writes them; ASCII only.
    Pickle& bytes(std::string_view ascii) {
        return global("_codecs", "encode").op("(").text(ascii).text("latin1").op("tR");
    }
    Pickle& dtype(std::string_view name, std::string_view order) {
        global("numpy", "dtype").op("(").text(name).op("\x89\x88tR(K\x03").text(order);
        return op("NNN").integer(-1).integer(-1).op("K").op(std::string(1, '\0')).op("tb");
    }
    Pickle& array(std::initializer_list<std::int32_t> shape, std::string_view dtype_name, std::string_view order,
                  bool fortran, std::string_view ascii) {
        global("numpy.core.multiarray", "_reconstruct").op("(").global("numpy", "ndarray").integer(0).op("\x85");
        bytes("b").op("tR(K\x01").sizes(shape).dtype(dtype_name, order).op(fortran ? "\x88" : "\x89");
        return bytes(ascii).op("tb");
    }
    std::string str() const { return "\x80\x02" + bytes_ + "."; }

private:
    std::string bytes_;
};

/// A PyTorch file: the pickle and the storages 0, 1, …
std::string pytorch(const std::string& pickle, std::initializer_list<std::string> storages);

} // namespace attnscope::test
