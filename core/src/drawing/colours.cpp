// Colour tables: viridis and cividis as published, a diverging map made in Oklab, and the Okabe–Ito series colours.
#include <attnscope/figure.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

namespace attnscope {
namespace {

using Table = std::array<std::array<std::uint8_t, 3>, 256>;

// viridis (S. van der Walt, N. Smith; CC0), 256 entries as RRGGBB.
constexpr std::string_view viridis_entries =
    "44015444025645045745055946075a46085c460a5d460b5e470d60470e6147106347116447136548146748166848176948186a481a6c"
    "481b6d481c6e481d6f481f70482071482173482374482475482576482677482878482979472a7a472c7a472d7b472e7c472f7d46307e"
    "46327e46337f463480453581453781453882443983443a83443b84433d84433e85423f85424086424186414287414487404588404688"
    "3f47883f48893e49893e4a893e4c8a3d4d8a3d4e8a3c4f8a3c508b3b518b3b528b3a538b3a548c39558c39568c38588c38598c375a8c"
    "375b8d365c8d365d8d355e8d355f8d34608d34618d33628d33638d32648e32658e31668e31678e31688e30698e306a8e2f6b8e2f6c8e"
    "2e6d8e2e6e8e2e6f8e2d708e2d718e2c718e2c728e2c738e2b748e2b758e2a768e2a778e2a788e29798e297a8e297b8e287c8e287d8e"
    "277e8e277f8e27808e26818e26828e26828e25838e25848e25858e24868e24878e23888e23898e238a8d228b8d228c8d228d8d218e8d"
    "218f8d21908d21918c20928c20928c20938c1f948c1f958b1f968b1f978b1f988b1f998a1f9a8a1e9b8a1e9c891e9d891f9e891f9f88"
    "1fa0881fa1881fa1871fa28720a38620a48621a58521a68522a78522a88423a98324aa8325ab8225ac8226ad8127ad8128ae8029af7f"
    "2ab07f2cb17e2db27d2eb37c2fb47c31b57b32b67a34b67935b77937b87838b9773aba763bbb753dbc743fbc7340bd7242be7144bf70"
    "46c06f48c16e4ac16d4cc26c4ec36b50c46a52c56954c56856c66758c7655ac8645cc8635ec96260ca6063cb5f65cb5e67cc5c69cd5b"
    "6ccd5a6ece5870cf5773d05675d05477d1537ad1517cd2507fd34e81d34d84d44b86d54989d5488bd6468ed64590d74393d74195d840"
    "98d83e9bd93c9dd93ba0da39a2da37a5db36a8db34aadc32addc30b0dd2fb2dd2db5de2bb8de29bade28bddf26c0df25c2df23c5e021"
    "c8e020cae11fcde11dd0e11cd2e21bd5e21ad8e219dae319dde318dfe318e2e418e5e419e7e419eae51aece51befe51cf1e51df4e61e"
    "f6e620f8e621fbe723fde725";

// cividis (J. Nuñez, C. Anderton, R. Renslow, 2018; CC0): the same to an eye without red or green cones.
constexpr std::string_view cividis_entries =
    "00224e00234f00245100255300255400265600275800285900285b00295d002a5f002a61002b62002c64002c66002d68002e6a002e6c"
    "002f6d00306f0030700031700031710132710533710833700c34700f357012357014367016377018376f1a386f1c396f1e3a6f203a6f"
    "213b6e233c6e243c6e263d6e273e6e293f6e2a3f6d2b406d2d416d2e416d2f426d31436d32436d33446d34456c35456c36466c38476c"
    "39486c3a486c3b496c3c4a6c3d4a6c3e4b6c3f4c6c404c6c414d6c424e6c434e6c444f6c45506c46516c47516c48526c49536c4a536c"
    "4b546c4c556c4d556c4e566c4f576c50576c51586d52596d535a6d545a6d555b6d555c6d565c6d575d6d585e6d595e6e5a5f6e5b606e"
    "5c616e5d616e5e626e5e636f5f636f60646f61656f62656f636670646770656870656870666970676a71686a71696b716a6c716b6d72"
    "6c6d726c6e726d6f726e6f736f70737071737172747272747273747374757474757575757676767777767777777878777979777a7a78"
    "7b7a787c7b787d7c787e7c787e7d787f7e78807f78817f788280798381798482798582798683798784788885788985788a86788b8778"
    "8c88788d88788e89788f8a78908b78918b78928c78928d78938e78948e77958f779690779791779892779992779a93769b94769c9576"
    "9d95769e96769f9775a09875a19975a29975a39a74a49b74a59c74a69c74a79d73a89e73a99f73aaa073aba072aca172ada272aea371"
    "afa471b0a571b1a570b3a670b4a76fb5a86fb6a96fb7a96eb8aa6eb9ab6dbaac6dbbad6dbcae6cbdae6cbeaf6bbfb06bc0b16ac1b26a"
    "c2b369c3b369c4b468c5b568c6b667c7b767c8b866c9b965cbb965ccba64cdbb63cebc63cfbd62d0be62d1bf61d2c060d3c05fd4c15f"
    "d5c25ed6c35dd7c45cd9c55cdac65bdbc75adcc859ddc858dec958dfca57e0cb56e1cc55e2cd54e4ce53e5cf52e6d051e7d150e8d24f"
    "e9d34eead34cebd44bedd54aeed649efd748f0d846f1d945f2da44f3db42f5dc41f6dd3ff7de3ef8df3cf9e03afbe138fce236fde334"
    "fee434fee535fee636fee838";

int hex_digit(char c) {
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

Table parse_table(std::string_view entries) {
    Table table{};
    for (std::size_t i = 0; i < 256 * 3; ++i)
        table[i / 3][i % 3] = static_cast<std::uint8_t>(16 * hex_digit(entries[2 * i]) + hex_digit(entries[2 * i + 1]));
    return table;
}

std::uint8_t encode_srgb(double linear) {
    linear = std::clamp(linear, 0.0, 1.0);
    const double encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
    return static_cast<std::uint8_t>(std::lround(255 * encoded));
}

// Oklab (B. Ottosson, 2020) to sRGB.
std::array<std::uint8_t, 3> from_oklab(double lightness, double a, double b) {
    const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
    const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
    const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
    return {encode_srgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
            encode_srgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
            encode_srgb(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

// Blue below, orange-red above, a grey of no hue between. Both arms lose lightness at one rate, so equal distances from
// the middle look equally strong; the two hues stay apart for every common colour-vision deficiency.
Table diverging_table() {
    Table table{};
    for (int i = 0; i < 256; ++i) {
        const double signed_distance = (i - 127.5) / 127.5;
        const double distance = std::abs(signed_distance);
        const double lightness = 0.965 - 0.56 * std::pow(distance, 1.15);
        const double chroma = 0.155 * std::pow(std::sin(0.62 * std::numbers::pi * distance), 1.1);
        const double hue = (signed_distance < 0 ? 252.0 : 42.0) * std::numbers::pi / 180;
        table[i] = from_oklab(lightness, chroma * std::cos(hue), chroma * std::sin(hue));
    }
    return table;
}

} // namespace

const std::array<std::array<std::uint8_t, 3>, 256>& colour_table(ColourMap map) {
    static const Table viridis = parse_table(viridis_entries);
    static const Table cividis = parse_table(cividis_entries);
    static const Table diverging = diverging_table();
    switch (map) {
    case ColourMap::viridis: return viridis;
    case ColourMap::cividis: return cividis;
    case ColourMap::diverging: return diverging;
    }
    return viridis;
}

const std::array<std::array<std::uint8_t, 3>, 8>& series_colours() {
    // Ordered by contrast with both a white and a near-black ground; grey stands in for Okabe and Ito's black, which
    // is the text's on one of them and invisible on the other.
    static const std::array<std::array<std::uint8_t, 3>, 8> colours{{{0x00, 0x72, 0xb2},
                                                                     {0xd5, 0x5e, 0x00},
                                                                     {0x00, 0x9e, 0x73},
                                                                     {0xcc, 0x79, 0xa7},
                                                                     {0xe6, 0x9f, 0x00},
                                                                     {0x56, 0xb4, 0xe9},
                                                                     {0x99, 0x99, 0x99},
                                                                     {0xf0, 0xe4, 0x42}}};
    return colours;
}

} // namespace attnscope
