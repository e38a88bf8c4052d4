#include "files/pickle_values.h"

#include "base/checked.h"
#include "base/input_error.h"
#include "base/memory.h"
#include "files/npy.h"
#include "files/text_files.h"

#include <array>
#include <cstring>

namespace attnscope::pickle {
namespace {

// A value costs about 150 bytes; a state dictionary has a few hundred of them.
constexpr std::size_t max_values = 4'000'000;

struct Known {
    std::string_view module, name;
    Global global;
    std::optional<DType> dtype = {};
};

// The whole list. What is not here stays unread.
constexpr std::array<Known, 22> known_globals{{
    {"torch._utils", "_rebuild_tensor_v2", Global::rebuild_tensor},
    {"torch._utils", "_rebuild_parameter", Global::rebuild_parameter},
    {"collections", "OrderedDict", Global::ordered_dict},
    {"_codecs", "encode", Global::encode},
    {"numpy", "dtype", Global::numpy_dtype},
    {"numpy", "ndarray", Global::numpy_array},
    {"numpy.core.multiarray", "scalar", Global::numpy_scalar},
    {"numpy._core.multiarray", "scalar", Global::numpy_scalar},
    {"numpy.core.multiarray", "_reconstruct", Global::numpy_reconstruct},
    {"numpy._core.multiarray", "_reconstruct", Global::numpy_reconstruct},
    {"torch", "DoubleStorage", Global::storage, DType::f64},
    {"torch", "FloatStorage", Global::storage, DType::f32},
    {"torch", "HalfStorage", Global::storage, DType::f16},
    {"torch", "BFloat16Storage", Global::storage, DType::bf16},
    {"torch", "LongStorage", Global::storage, DType::i64},
    {"torch", "IntStorage", Global::storage, DType::i32},
    {"torch", "ShortStorage", Global::storage, DType::i16},
    {"torch", "CharStorage", Global::storage, DType::i8},
    {"torch", "ByteStorage", Global::storage, DType::u8},
    {"torch", "BoolStorage", Global::storage, DType::boolean},
    {"torch", "UInt16Storage", Global::storage, DType::u16},
    {"torch", "UInt32Storage", Global::storage, DType::u32},
}};

} // namespace

void Heap::fail(std::string expected, std::string got) const {
    input_error(subject_, std::move(expected), std::move(got), "data.pkl, byte " + std::to_string(position_));
}

void Heap::spend(std::size_t values) {
    spent_ += values;
    if (spent_ > max_values) fail("at most 4 million values", "more");
}

Value* Heap::make(Value::Kind kind) {
    spend(1);
    Value& value = values_.emplace_back();
    value.kind = kind;
    return &value;
}

Value* Heap::integer(std::int64_t number) {
    Value* value = make(Value::Kind::integer);
    value->integer = number;
    return value;
}

Value* Heap::truth(bool value) {
    Value* made = make(Value::Kind::truth);
    made->integer = value ? 1 : 0;
    return made;
}

Value* Heap::text(Value::Kind kind, std::string_view text) {
    if (kind == Value::Kind::text && invalid_utf8(text) != std::string_view::npos) fail("UTF-8 text", "other bytes");
    Value* value = make(kind);
    value->text = text;
    return value;
}

Value* Heap::global(std::string_view module, std::string_view name) {
    for (const Known& known : known_globals) {
        if (known.module != module || known.name != name) continue;
        Value* value = make(Value::Kind::global);
        value->global = known.global;
        value->dtype = known.dtype;
        return value;
    }
    fail("tensors and plain data", "the Python object " + excerpt(std::string(module) + "." + std::string(name)));
}

const Value& Heap::argument(const Value& arguments, std::size_t i, Value::Kind kind, const char* expected) const {
    if (i >= arguments.items.size() || arguments.items[i]->kind != kind) fail(expected, "something else");
    return *arguments.items[i];
}

std::vector<std::int64_t> Heap::sizes(const Value& tuple) const {
    if (tuple.items.size() > max_dimensions) fail("at most 16 dimensions", std::to_string(tuple.items.size()));
    std::vector<std::int64_t> numbers;
    for (std::size_t i = 0; i < tuple.items.size(); ++i)
        numbers.push_back(argument(tuple, i, Value::Kind::integer, "whole numbers as sizes").integer);
    return numbers;
}

Value* Heap::storage(const Value& id) {
    const bool well_formed = id.kind == Value::Kind::tuple && id.items.size() == 5;
    if (!well_formed || argument(id, 0, Value::Kind::text, "a storage").text != "storage")
        fail("a reference to a storage", "another one");
    const Value& type = argument(id, 1, Value::Kind::global, "the class of a storage");
    if (type.global != Global::storage) fail("the class of a storage", "another object");
    const std::int64_t count = argument(id, 4, Value::Kind::integer, "the size of a storage").integer;
    const auto bytes =
        count < 0 ? std::nullopt : checked_multiply(static_cast<std::size_t>(count), block_size(*type.dtype));
    const Value& key = argument(id, 2, Value::Kind::text, "the key of a storage");

    Value* value = make(Value::Kind::storage);
    value->dtype = type.dtype;
    value->integer = count;
    value->tensor = std::make_shared<StoredTensor>();
    value->tensor->storage = find_storage_(key.text);
    if (!bytes || value->tensor->storage.bytes.size() != *bytes)
        fail("storage " + excerpt(std::string(key.text)) + " of " + std::to_string(count) + " elements",
             bytes_text(value->tensor->storage.bytes.size()));
    return value;
}

Value* Heap::tensor(StoredTensor stored, Value::Kind kind) {
    Value* value = make(kind);
    value->tensor = std::make_shared<StoredTensor>(std::move(stored));
    return value;
}

// (storage, offset, sizes, strides, requires_grad, hooks[, metadata])
Value* Heap::rebuild_tensor(const Value& arguments) {
    const Value& storage = argument(arguments, 0, Value::Kind::storage, "a tensor's storage");
    const std::int64_t offset = argument(arguments, 1, Value::Kind::integer, "a tensor's offset").integer;
    StoredTensor stored;
    stored.info.dtype = *storage.dtype;
    stored.info.shape = sizes(argument(arguments, 2, Value::Kind::tuple, "a tensor's sizes"));
    stored.info.strides = sizes(argument(arguments, 3, Value::Kind::tuple, "a tensor's strides"));
    if (offset < 0 || offset > storage.integer) fail("an offset inside the storage", std::to_string(offset));
    check_extent(stored.info, static_cast<std::size_t>(storage.integer - offset), subject_);
    const SharedBytes& bytes = storage.tensor->storage;
    const std::size_t skipped = static_cast<std::size_t>(offset) * block_size(stored.info.dtype);
    stored.storage = bytes.part(skipped, bytes.bytes.size() - skipped);
    return tensor(std::move(stored), Value::Kind::tensor);
}

// (text, 'latin1'): every character is a byte.
Value* Heap::encode(const Value& arguments) {
    const std::string_view text = argument(arguments, 0, Value::Kind::text, "text to encode").text;
    const std::string_view codec = argument(arguments, 1, Value::Kind::text, "the name of an encoding").text;
    if (codec != "latin1" && codec != "latin-1") fail("the encoding latin1", "'" + excerpt(std::string(codec)) + "'");
    // One text may be encoded again and again by a few bytes each time.
    encoded_ += text.size();
    if (encoded_ > pickle_.bytes.size()) fail("as many encoded bytes as there is text", "more");
    const auto memory = allocate_bytes(text.size(), subject_);
    std::size_t size = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto character = static_cast<unsigned char>(text[i]);
        if (character >= 0x80) {
            if (character > 0xc3) fail("characters up to 255", "others");
            character =
                static_cast<unsigned char>((character & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3f));
        }
        memory.get()[size++] = std::byte{character};
    }
    Value* value = make(Value::Kind::bytes);
    value->text = {reinterpret_cast<const char*>(memory.get()), size};
    value->tensor = std::make_shared<StoredTensor>();
    value->tensor->storage = {{memory.get(), size}, memory, false};
    return value;
}

// ('f4', align, copy); the byte order follows as state.
Value* Heap::dtype(const Value& arguments) {
    const std::string_view name = argument(arguments, 0, Value::Kind::text, "the name of a dtype").text;
    Value* value = make(Value::Kind::dtype);
    value->dtype = numpy_dtype(name);
    if (!value->dtype) fail("a dtype of real numbers", "'" + excerpt(std::string(name)) + "'");
    return value;
}

// (dtype, bytes)
Value* Heap::scalar(const Value& arguments) {
    Value* value = make(Value::Kind::array);
    Value* shape = make(Value::Kind::tuple);
    Value *version = integer(1), *fortran = truth(false), *state = make(Value::Kind::tuple);
    if (arguments.items.size() != 2) fail("a scalar's dtype and bytes", "something else");
    state->items = {version, shape, arguments.items[0], fortran, arguments.items[1]};
    fill_array(*value, *state);
    return value;
}

// (version, shape, dtype, Fortran order, bytes)
void Heap::fill_array(Value& array, const Value& state) {
    const Value& dtype = argument(state, 2, Value::Kind::dtype, "an array's dtype");
    if (dtype.big_endian && block_size(*dtype.dtype) > 1) fail("little-endian numbers", "big-endian ones");
    const Value& bytes = argument(state, 4, Value::Kind::bytes, "an array's bytes");
    StoredTensor stored;
    stored.info.dtype = *dtype.dtype;
    stored.info.shape = sizes(argument(state, 1, Value::Kind::tuple, "an array's shape"));
    const bool fortran = argument(state, 3, Value::Kind::truth, "an array's order").integer != 0;
    set_dense_strides(stored.info, fortran, subject_);
    if (stored.info.bytes() != bytes.text.size())
        fail("an array of " + bytes_text(stored.info.bytes()), bytes_text(bytes.text.size()));
    if (bytes.tensor) {
        stored.storage = bytes.tensor->storage;
    } else {
        stored.storage = {std::as_bytes(std::span(bytes.text)), pickle_.owner, pickle_.mapped};
    }
    array.tensor = std::make_shared<StoredTensor>(std::move(stored));
}

// () or ([[key, value], …],)
Value* Heap::dictionary(const Value& arguments) {
    Value* value = make(Value::Kind::dictionary);
    if (arguments.items.empty()) return value;
    const Value& pairs = argument(arguments, 0, Value::Kind::list, "a list of pairs");
    spend(2 * pairs.items.size());
    for (const Value* pair : pairs.items) {
        if ((pair->kind != Value::Kind::list && pair->kind != Value::Kind::tuple) || pair->items.size() != 2)
            fail("a list of pairs", "something else");
        value->items.insert(value->items.end(), pair->items.begin(), pair->items.end());
    }
    return value;
}

Value* Heap::call(const Value& callee, Value& arguments) {
    if (callee.kind != Value::Kind::global || arguments.kind != Value::Kind::tuple)
        fail("a constructor and its arguments", "something else");
    switch (callee.global) {
    case Global::rebuild_tensor: return rebuild_tensor(arguments);
    case Global::rebuild_parameter:
        static_cast<void>(argument(arguments, 0, Value::Kind::tensor, "a parameter's tensor"));
        return arguments.items[0];
    case Global::ordered_dict: return dictionary(arguments);
    case Global::encode: return encode(arguments);
    case Global::numpy_dtype: return dtype(arguments);
    case Global::numpy_scalar: return scalar(arguments);
    case Global::numpy_reconstruct: return make(Value::Kind::array);
    case Global::numpy_array:
    case Global::storage: break;
    }
    fail("a constructor", "a class");
}

void Heap::set_state(Value& object, Value& state) {
    switch (object.kind) {
    case Value::Kind::dictionary: return; // attributes of an OrderedDict, such as a module's version numbers
    case Value::Kind::dtype:
        object.big_endian = argument(state, 1, Value::Kind::text, "a dtype's byte order").text == ">";
        return;
    case Value::Kind::array:
        if (!object.tensor) return fill_array(object, state);
        [[fallthrough]];
    default: fail("an object that has a state", "another one");
    }
}

void Heap::add(Value& container, std::vector<Value*> items) {
    const bool pairs = container.kind == Value::Kind::dictionary && items.size() % 2 == 0;
    if (container.kind != Value::Kind::list && !pairs) fail("a list or dictionary", "something else");
    container.items.insert(container.items.end(), items.begin(), items.end());
}

} // namespace attnscope::pickle
