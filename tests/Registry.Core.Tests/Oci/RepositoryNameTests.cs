using System.Text.RegularExpressions;
using CsCheck;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public partial class RepositoryNameTests
{
    public static TheoryData<string> Names => new(
        "a",
        "0",
        "a/b",
        "a/b/c/d/e/f",
        "library/ubuntu",
        "a.b",
        "a_b",
        "a__b",
        "a-b",
        "a--b",
        "a-----b",
        "a.b_c__d-e",
        "0/1",
        "v2/tags/list/x",
        "a/manifests/b",
        "blobs/uploads",
        new string('a', 255),
        string.Join('/', Enumerable.Repeat("a", 128)));

    public static TheoryData<string> OtherTexts => new(
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "a/./b",
        ".a",
        "a.",
        "a..b",
        "_a",
        "a_",
        "a___b",
        "a._b",
        "a_.b",
        "a-_b",
        "a_-b",
        "a.-b",
        "a-.b",
        "-a",
        "a-",
        "a--",
        "a/-b",
        "a/_uploads",
        "A",
        "a/B",
        "aB",
        "a b",
        " a",
        "a\n",
        "a\0",
        "a\\b",
        "a:b",
        "a@b",
        "a%2fb",
        "ä",
        "а",
        "a\u0301",
        "a\u212a",
        new string('a', 256),
        string.Join('/', Enumerable.Repeat("aa", 86)));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_name_of_the_grammar_is_taken_as_it_is(string text)
    {
        Assert.True(RepositoryName.IsValid(text));
        Assert.True(RepositoryName.TryParse(text, out var name));
        Assert.Equal(text, name.Value);
        Assert.Equal(text, name.ToString());
        Assert.Equal(RepositoryName.Parse(text), name);
    }

    [Theory]
    [MemberData(nameof(OtherTexts))]
    public void Anything_else_is_refused(string text)
    {
        Assert.False(RepositoryName.IsValid(text));
        Assert.False(RepositoryName.TryParse(text, out var name));
        Assert.Equal(default, name);
        Assert.Throws<FormatException>(() => RepositoryName.Parse(text));
    }

    [Fact]
    public void A_text_is_a_name_exactly_when_the_expression_of_the_specification_matches_it()
    {
        // Few different characters, so that many of the texts are names.
        var text = Gen.Char["aab0z./__--A"].Array[0, 14].Select(characters => new string(characters));
        text.Sample(candidate => RepositoryName.IsValid(candidate) == Specification().IsMatch(candidate), iter: 100_000);
    }

    [Fact]
    public void Random_text_is_a_name_exactly_when_the_expression_of_the_specification_matches_it() =>
        Gen.String.Sample(candidate =>
            RepositoryName.IsValid(candidate) == (candidate.Length <= RepositoryName.MaxLength && Specification().IsMatch(candidate)));

    [Fact]
    public void A_name_never_leaves_the_folder_it_is_joined_to() =>
        Gen.Char["aab./\\_-0"].Array[1, 9].Select(characters => new string(characters)).Sample(
            name => !RepositoryName.IsValid(name)
                || (Path.GetFullPath(Path.Combine("/root", name)) == $"/root/{name}" && !name.Split('/').Any(part => part.StartsWith('_'))),
            iter: 50_000);

    // OCI distribution-spec, "Pulling manifests". \z, because $ would let a line feed follow.
    [GeneratedRegex(@"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex Specification();
}
