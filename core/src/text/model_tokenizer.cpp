// The tokenizer that comes with a model.
#include <attnscope/model.h>

#include "data/input_error.h"

namespace attnscope {

__attribute__((weak)) std::unique_ptr<Tokenizer> open_tokenizer(const ModelFiles& files) {
    if (!std::filesystem::is_directory(files.path))
        input_error(files.name, "a folder with a tokenizer", "a file");
    return open_tokenizer(files.path);
}

} // namespace attnscope
