using System.Globalization;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public class GoJsonTests
{
    private static readonly string[] Keys = ["layers", "digest", "urls", "os.version", "blobSum", "kind"];

    [Theory]
    [InlineData("LAYERS", "layers")]
    [InlineData("Layers", "layers")]
    [InlineData("layerS", "layers")]
    [InlineData("layer\u017F", "layers")]
    [InlineData("url\u017F", "urls")]
    [InlineData("\u212Aind", "kind")]
    [InlineData("OS.Version", "os.version")]
    [InlineData("blobsum", "blobSum")]
    [InlineData("BLOBSUM", "blobSum")]
    public void A_key_that_Go_takes_for_a_known_one_is_named(string key, string known) => Assert.Equal(known, GoJson.FoldsInto(key, Keys));

    [Theory]
    [InlineData("layers")]
    [InlineData("blobSum")]
    [InlineData("")]
    [InlineData("layer")]
    [InlineData("layerss")]
    [InlineData("lay\u00E9rs")]
    [InlineData("k\u0131nd")]
    [InlineData("K\u0130ND")]
    [InlineData("os_version")]
    [InlineData("org.example.LAYERS")]
    public void The_key_itself_and_any_other_are_not(string key) => Assert.Null(GoJson.FoldsInto(key, Keys));

    [Fact]
    public void Exactly_the_letters_in_both_cases_and_two_more_characters_fold_into_a_letter()
    {
        var folding = Enumerable.Range(0, char.MaxValue + 1).Select(code => (char)code)
            .Where(c => GoJson.FoldsInto($"{c}{c}", ["aa", "bb", "cc", "kk", "ss", "ii", "zz"]) is not null)
            .Select(c => ((int)c).ToString("X4", CultureInfo.InvariantCulture));
        Assert.Equal(["0041", "0042", "0043", "0049", "004B", "0053", "005A", "017F", "212A"], folding);
    }
}
