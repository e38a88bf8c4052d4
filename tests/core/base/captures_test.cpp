// Files of attention probabilities and their gradients: written, read, and refused.
#include "support/error_of.h"
#include "support/temporary_folder.h"

#include <attnscope/captures_writer.h>
#include <attnscope/tensor_file.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace attnscope::test {
namespace {

using jacobian::LayerMaps;

LayerMaps sample(int layer, std::size_t sequences, std::size_t heads, std::size_t length) {
    LayerMaps maps{layer, sequences, heads, length, {}, {}, true};
    for (std::size_t row = 0; row < sequences * heads * length; ++row)
        for (std::size_t key = 0; key < length; ++key) {
            const std::size_t seen = row % length + 1;
            maps.probabilities.push_back(key < seen ? 1.0f / static_cast<float>(seen) : 0);
            maps.gradients.push_back(static_cast<float>(random_normal(1, row, key)));
        }
    return maps;
}

class CapturesFile : public testing::Test {
protected:
    std::filesystem::path put(const std::vector<TensorToWrite>& tensors) const {
        write_safetensors(folder / "c.safetensors", tensors, {});
        return folder / "c.safetensors";
    }
    std::filesystem::path put(const LayerMaps& maps, const std::vector<std::int64_t>& shape,
                              const std::vector<std::int64_t>& gradient_shape) const {
        return put({{"A", DType::f32, shape, std::as_bytes(std::span(maps.probabilities))},
                    {"g", DType::f32, gradient_shape, std::as_bytes(std::span(maps.gradients))}});
    }
    std::string refusal(const std::filesystem::path& path) const {
        return message_of([&] {
            const auto captures = jacobian::open_captures(path);
            for (std::size_t i = 0; i < captures->layers().size(); ++i) captures->read(i, context);
        });
    }
    const TemporaryFolder folder;
    mutable ThreadPool pool{1};
    JobContext context{pool};
};

TEST_F(CapturesFile, ComesBackAsItWasWrittenInBothFormats) {
    for (const char* name : {"c.npz", "c.safetensors"}) {
        for (const std::vector<int>& layers : {std::vector{5}, std::vector{3, 2, 11}}) {
            std::vector<jacobian::Captures::Layer> shapes;
            for (const int layer : layers) shapes.push_back({layer, 2, 3, 4});
            jacobian::CapturesWriter writer(folder / name, shapes);
            for (const int layer : layers) writer.add(sample(layer, 2, 3, 4), context);
            writer.commit();
            const auto captures = jacobian::open_captures(folder / name);
            ASSERT_EQ(captures->layers().size(), layers.size());
            const LayerMaps expected = sample(0, 2, 3, 4);
            for (std::size_t i = 0; i < layers.size(); ++i) {
                const LayerMaps maps = captures->read(i, context);
                EXPECT_EQ(maps.probabilities, expected.probabilities);
                EXPECT_EQ(maps.gradients, expected.gradients);
            }
            const LayerMaps second = captures->read(0, 1, context);
            EXPECT_EQ(second.sequences, 1u);
            EXPECT_EQ(second.gradients.front(), expected.gradients[expected.map_at(1, 0)]);
            EXPECT_EQ(captures->layers().back().layer, layers.size() == 1 ? 0 : 11) << "one layer has no number";
        }
    }
}

TEST_F(CapturesFile, LeavesNothingBehindWithoutACommit) {
    {
        jacobian::CapturesWriter writer(folder / "c.npz", {{0, 1, 1, 2}, {1, 1, 1, 2}});
        writer.add(sample(0, 1, 1, 2), context);
    }
    EXPECT_EQ(folder.files(), 0u);
}

TEST_F(CapturesFile, HasOneHeadWhereItHasThreeDimensions) {
    const LayerMaps maps = sample(0, 3, 1, 5);
    const auto captures = jacobian::open_captures(put(maps, {3, 5, 5}, {3, 5, 5}));
    ASSERT_EQ(captures->layers().size(), 1u);
    EXPECT_EQ(captures->layers()[0].heads, 1u);
    EXPECT_EQ(captures->layers()[0].sequences, 3u);
    EXPECT_EQ(captures->read(0, context).gradients, maps.gradients);
}

TEST_F(CapturesFile, IsRefusedWhereItIsNoAttention) {
    LayerMaps maps = sample(0, 2, 3, 4);
    EXPECT_NE(refusal(put(maps, {2, 3, 4, 4}, {2, 3, 16})).find("as A has"), std::string::npos);
    EXPECT_NE(refusal(put(maps, {2, 3, 2, 8}, {2, 3, 2, 8})).find("2 × 3 × 2 × 8"), std::string::npos);
    EXPECT_NE(refusal(put(maps, {6, 16}, {6, 16})).find("6 × 16"), std::string::npos);
    const auto bytes = std::as_bytes(std::span(maps.probabilities));
    EXPECT_NE(refusal(put({{"A", DType::f32, {6, 4, 4}, bytes}})).find("tensor g"), std::string::npos);
    EXPECT_NE(refusal(put({{"other", DType::f32, {6, 4, 4}, bytes}})).find("A and g"), std::string::npos);
    EXPECT_NE(refusal(put({{"A", DType::i32, {6, 4, 4}, bytes}, {"g", DType::f32, {6, 4, 4}, bytes}})).find("int32"),
              std::string::npos);

    const auto with = [&](std::vector<float> LayerMaps::*which, std::size_t at, float value) {
        LayerMaps damaged = maps;
        (damaged.*which)[at] = value;
        return refusal(put(damaged, {2, 3, 4, 4}, {2, 3, 4, 4}));
    };
    const std::size_t place = maps.map_at(1, 2) + 3 * 4 + 1; // sequence 1, head 2, row 3, key 1
    const char* const where = "sequence 1, head 2, row 3";
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_NE(with(&LayerMaps::probabilities, place, 0.2f).find(where), std::string::npos);
    EXPECT_NE(with(&LayerMaps::probabilities, place, -0.25f).find("from 0 to 1"), std::string::npos);
    EXPECT_NE(with(&LayerMaps::probabilities, place, nan).find("from 0 to 1"), std::string::npos);
    EXPECT_NE(with(&LayerMaps::gradients, place, nan).find(where), std::string::npos);
    EXPECT_NE(with(&LayerMaps::gradients, place, HUGE_VALF).find("infinity"), std::string::npos);
}

} // namespace
} // namespace attnscope::test
