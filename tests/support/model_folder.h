// A folder in which a test puts a tiny model and opens it.
#pragma once

#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_gguf.h"
#include "support/tiny_models.h"

#include <attnscope/model.h>

#include <gtest/gtest.h>

#include <string>

namespace attnscope::test {

class ModelFolder : public testing::Test {
protected:
    ModelFiles open(const TinyModel& model) {
        model.write(folder.path());
        return open_model_files(folder.path());
    }
    std::string refusal(const TinyModel& model) {
        return message_of([&] { open(model); });
    }
    ModelFiles open(const TinyGguf& file) { return open_model_files(folder.put("m.gguf", file.str())); }
    std::string refusal(const TinyGguf& file) {
        return message_of([&] { open(file); });
    }
    const TemporaryFolder folder;
};

#define EXPECT_SAYS(message, part)                                                                                     \
    do {                                                                                                               \
        const std::string said = message;                                                                              \
        EXPECT_NE(said.find(part), std::string::npos) << said;                                                         \
    } while (false)

} // namespace attnscope::test
