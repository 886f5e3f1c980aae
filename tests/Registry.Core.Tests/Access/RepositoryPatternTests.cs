using System.Text.RegularExpressions;
using CsCheck;
using Registry.Core.Access;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Access;

public sealed class RepositoryPatternTests
{
    [Theory]
    [InlineData("org/**", "org/app", true)]
    [InlineData("org/**", "org/team/app", true)]
    [InlineData("org/**", "org", false)]
    [InlineData("team-*", "team-a", true)]
    [InlineData("team-*", "team-a/app", false)]
    [InlineData("team-a/*", "team-a/app", true)]
    [InlineData("team-a/*", "team-a/x/y", false)]
    [InlineData("*", "app", true)]
    [InlineData("*", "a/b", false)]
    [InlineData("**", "a/b/c", true)]
    [InlineData("**/app", "a/b/app", true)]
    [InlineData("**/app", "app", false)]
    [InlineData("a.b", "a-b", false)]
    public void A_star_stays_in_its_segment_and_two_cross(string pattern, string name, bool matches) =>
        Assert.Equal(matches, RepositoryPattern.TryParse(pattern)!.Matches(RepositoryName.Parse(name)));

    [Theory]
    [InlineData("")]
    [InlineData("Upper")]
    [InlineData("a b")]
    [InlineData("a?")]
    public void What_no_name_has_is_no_pattern(string pattern) => Assert.Null(RepositoryPattern.TryParse(pattern));

    [Fact]
    public void It_matches_what_a_regular_expression_would()
    {
        var words = Gen.OneOfConst("a", "b", "/", "-").Array[1, 12].Select(string.Concat);
        var patterns = Gen.OneOfConst("a", "b", "/", "-", "*", "**").Array[1, 8].Select(string.Concat);
        Gen.Select(patterns, words).Sample((pattern, word) =>
        {
            if (!RepositoryName.TryParse(word, out var name))
            {
                return true;
            }

            var expression = Regex.Escape(pattern).Replace(@"\*\*", ".*", StringComparison.Ordinal).Replace(@"\*", "[^/]*", StringComparison.Ordinal);
            return RepositoryPattern.TryParse(pattern)!.Matches(name) == Regex.IsMatch(word, $@"^{expression}\z");
        });
    }
}
