// Reads the pickle inside a PyTorch archive as data: a stack machine that knows the few constructors tensors need and
// calls nothing.
//
// Vocabulary: a *global* is the name of a Python object in a pickle; here it is looked up in a fixed list and
// everything not on it is an error. A *storage* is a flat run of numbers that tensors are views of; it lies outside the
// pickle.
#pragma once

#include "files/tensor_contents.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

inline constexpr std::size_t max_pickle = std::size_t{64} << 20;

/// The bytes of the storage with a key; throws Error{input} when there is none.
using StorageFinder = std::function<SharedBytes(std::string_view key)>;

/// All tensors the pickled object holds. Keys of nested dictionaries and positions in lists are joined by '.'; a bare
/// tensor is called `tensor`. NumPy arrays and scalars are tensors; a list of texts is a uint8 tensor of lines; other
/// plain values are passed over. Throws Error{input}: a global that is not on the list (named), opcodes other than
/// those PyTorch writes, views beyond their storage, nesting or sizes beyond the limits.
std::vector<StoredTensor> read_pickled_tensors(const SharedBytes& pickle, const StorageFinder& find_storage,
                                               const std::string& subject);

} // namespace attnscope
