using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public class ReferenceTests
{
    private static readonly Digest Some = DigestAlgorithm.Sha256.Compute("x"u8);

    [Fact]
    public void A_digest_is_a_digest_and_no_tag()
    {
        Assert.True(Reference.TryParse(Some.Value, out var reference));
        Assert.Equal(Some, reference.Digest);
        Assert.Null(reference.Tag);
        Assert.Equal(Some.Value, reference.ToString());
        Assert.Equal((Reference)Some, reference);
    }

    [Theory]
    [InlineData("latest")]
    [InlineData("sha256")]
    [InlineData("sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public void A_text_without_a_colon_is_a_tag(string text)
    {
        Assert.True(Reference.TryParse(text, out var reference));
        Assert.Equal(text, reference.Tag?.Value);
        Assert.Null(reference.Digest);
        Assert.Equal(text, reference.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha256:")]
    [InlineData("sha256:latest")]
    [InlineData("a/b")]
    [InlineData(".a")]
    public void What_is_neither_is_refused(string text)
    {
        Assert.False(Reference.TryParse(text, out var reference));
        Assert.Equal(string.Empty, reference.ToString());
    }
}
