using System.Text.RegularExpressions;
using CsCheck;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public partial class TagTests
{
    public static TheoryData<string> Tags => new(
        "a", "Z", "0", "_", "latest", "1.0.0", "v1.2.3-rc.1", "_a", "a..b", "a--", "a.", "A_b-C.d", "sha256-" + new string('a', 64), new string('x', 128));

    public static TheoryData<string> OtherTexts => new(
        "", ".", "..", "-", ".a", "-a", "a b", "a/b", "a:b", "a+b", "a@b", "a\n", "a\0", "a\\b", "ä", "a\u212a", new string('x', 129));

    [Theory]
    [MemberData(nameof(Tags))]
    public void A_tag_of_the_grammar_is_taken_as_it_is(string text)
    {
        Assert.True(Tag.TryParse(text, out var tag));
        Assert.Equal(text, tag.Value);
        Assert.Equal(text, tag.ToString());
        Assert.Equal(tag, Tag.Parse(text));
    }

    [Theory]
    [MemberData(nameof(OtherTexts))]
    public void Anything_else_is_refused(string text)
    {
        Assert.False(Tag.TryParse(text, out var tag));
        Assert.Equal(default, tag);
        Assert.Throws<FormatException>(() => Tag.Parse(text));
    }

    [Fact]
    public void Tags_that_differ_in_case_are_different_tags() => Assert.NotEqual(Tag.Parse("Latest"), Tag.Parse("latest"));

    [Fact]
    public void A_text_is_a_tag_exactly_when_the_expression_of_the_specification_matches_it() =>
        Gen.OneOf(Gen.String[0, 6], Gen.Char["aZ0_.-/: \n"].Array[0, 8].Select(characters => new string(characters)))
            .Sample(candidate => Tag.TryParse(candidate, out _) == Specification().IsMatch(candidate), iter: 20_000);

    [GeneratedRegex(@"^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z")]
    private static partial Regex Specification();
}
