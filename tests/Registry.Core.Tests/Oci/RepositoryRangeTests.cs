using CsCheck;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public class RepositoryRangeTests
{
    private static readonly Gen<string> Text = Gen.Char["a/-.0z_"].Array[0, 4].Select(characters => new string(characters));

    [Fact]
    public void Holds_the_names_that_begin_with_a_text() => Gen.Select(Text, Text).Sample((prefix, name) =>
        RepositoryRange.StartingWith(prefix).Contains(name) == name.StartsWith(prefix, StringComparison.Ordinal));

    [Fact]
    public void Holds_one_name_alone() => Gen.Select(Text, Text).Sample((one, name) => RepositoryRange.Of(one).Contains(name) == (one == name));

    [Fact]
    public void Begins_after_a_text() => Gen.Select(Text, Text, Text).Sample((prefix, last, name) =>
    {
        var range = RepositoryRange.StartingWith(prefix);
        return range.After(last).Contains(name) == (range.Contains(name) && string.CompareOrdinal(name, last) > 0) && range.After(null) == range;
    });

    [Fact]
    public void Is_empty_when_no_name_can_be_in_it()
    {
        Assert.False(RepositoryRange.Of("a").IsEmpty);
        Assert.True(RepositoryRange.Of("a").After("a").IsEmpty);
        Assert.True(RepositoryRange.All.After("~").IsEmpty);
    }
}
