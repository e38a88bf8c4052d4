// Values a pickle is made of, and what its constructors make of them.
#pragma once

#include "files/pickle.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::pickle {

/// Python objects on the list.
enum class Global {
    rebuild_tensor,    ///< torch._utils._rebuild_tensor_v2
    rebuild_parameter, ///< torch._utils._rebuild_parameter
    ordered_dict,
    encode, ///< _codecs.encode: how protocol 2 writes bytes
    numpy_dtype,
    numpy_scalar,
    numpy_reconstruct, ///< makes an empty array, filled by its state
    numpy_array,
    storage, ///< torch.FloatStorage and its kin
};

/// One object. Dictionaries keep keys and values alternating in `items`.
struct Value {
    enum class Kind {
        other,
        truth,
        integer,
        text,
        bytes,
        tuple,
        list,
        dictionary,
        global,
        storage,
        tensor,
        dtype,
        array
    };
    Kind kind = Kind::other;
    Global global{};
    std::int64_t integer = 0; ///< also: 0 or 1 of a truth value, the number of elements of a storage
    std::string_view text;    ///< text, bytes
    std::vector<Value*> items;
    std::optional<DType> dtype;           ///< of a storage, its global, or a NumPy dtype
    bool big_endian = false;              ///< a NumPy dtype
    std::shared_ptr<StoredTensor> tensor; ///< tensors, storages and finished arrays
};

/// Owns all values of one pickle: values may refer to each other in circles. Counts what is made, so that a small
/// pickle cannot ask for much memory.
class Heap {
public:
    Heap(const SharedBytes& pickle, const StorageFinder& find_storage, const std::string& subject)
        : pickle_(pickle), find_storage_(find_storage), subject_(subject) {}

    Value* make(Value::Kind kind);
    Value* integer(std::int64_t number);
    Value* truth(bool value);
    Value* text(Value::Kind kind, std::string_view text);
    Value* global(std::string_view module, std::string_view name);
    Value* storage(const Value& id);                       ///< BINPERSID: ('storage', class, key, location, count)
    Value* call(const Value& callee, Value& arguments);    ///< REDUCE
    void set_state(Value& object, Value& state);           ///< BUILD
    void add(Value& container, std::vector<Value*> items); ///< APPENDS, SETITEMS

    [[noreturn]] void fail(std::string expected, std::string got) const;
    void set_position(std::size_t position) { position_ = position; } ///< named in errors
    const std::string& subject() const { return subject_; }

private:
    void spend(std::size_t values);
    Value* rebuild_tensor(const Value& arguments);
    Value* encode(const Value& arguments);
    Value* dtype(const Value& arguments);
    Value* scalar(const Value& arguments);
    Value* dictionary(const Value& arguments);
    void fill_array(Value& array, const Value& state);
    Value* tensor(StoredTensor tensor, Value::Kind kind);
    const Value& argument(const Value& arguments, std::size_t i, Value::Kind kind, const char* expected) const;
    std::vector<std::int64_t> sizes(const Value& tuple) const;

    const SharedBytes& pickle_;
    const StorageFinder& find_storage_;
    const std::string& subject_;
    std::size_t position_ = 0, spent_ = 0, encoded_ = 0;
    std::deque<Value> values_;
};

/// Collects the tensors below `root`.
std::vector<StoredTensor> collect_tensors(const Value& root, const Heap& heap);

} // namespace attnscope::pickle
