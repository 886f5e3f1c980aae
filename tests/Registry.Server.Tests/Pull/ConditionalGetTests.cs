using System.Globalization;

namespace Registry.Server.Tests.Pull;

/// <summary>RFC 9110, section 13: the entity tag of content is its digest, in quotes.</summary>
public sealed class ConditionalGetTests(DiskFixture fixture) : IClassFixture<DiskFixture>
{
    private const string Other = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    [Theory]
    [InlineData("\"{0}\"", 304)]
    [InlineData("W/\"{0}\"", 304)]
    [InlineData("*", 304)]
    [InlineData("\"*\"", 200)]
    [InlineData("\"a,*,b\"", 200)]
    [InlineData("\"a\", *", 200)]
    [InlineData("\"a\", \"{0}\"", 304)]
    [InlineData("\"{0}\",\"b\"", 304)]
    [InlineData("\"a\", W/\"{0}\" , \"b\"", 304)]
    [InlineData("{0}", 304)]
    [InlineData("\"a\"", 200)]
    [InlineData("\"" + Other + "\"", 200)]
    [InlineData("\"a\", \"b\"", 200)]
    [InlineData("W/\"a\"", 200)]
    [InlineData("", 200)]
    public async Task If_None_Match_answers_304_to_who_has_it_already(string condition, int status)
    {
        foreach (var (path, digest, bytes) in await ContentAsync())
        {
            var answer = Check.Status(status, await fixture.Client.GetAnswerAsync(path, ("If-None-Match", Format(condition, digest))));

            Assert.Equal($"\"{digest}\"", answer["ETag"]);
            Assert.Equal(digest, answer["Docker-Content-Digest"]);
            Assert.Equal(status == 304 ? [] : bytes, answer.Body);
        }
    }

    [Fact]
    public async Task If_None_Match_on_several_lines_is_one_list()
    {
        foreach (var (path, digest, _) in await ContentAsync())
        {
            var answer = await RawConnection.ExchangeAsync(
                fixture.Registry, $"GET {path} HTTP/1.1\r\nHost: registry\r\nIf-None-Match: \"a\"\r\nIf-None-Match: \"{digest}\"");

            Check.Status(304, answer);
        }
    }

    [Theory]
    [InlineData("\"{0}\"", 200)]
    [InlineData("*", 200)]
    [InlineData("\"a\", \"{0}\"", 200)]
    [InlineData("W/\"a\", \"{0}\"", 200)]
    [InlineData("{0}", 200)]
    [InlineData("W/\"{0}\"", 412)]
    [InlineData("\"a\", W/\"{0}\"", 412)]
    [InlineData("\"*\"", 412)]
    [InlineData("", 412)]
    [InlineData("\"a\"", 412)]
    [InlineData("\"" + Other + "\"", 412)]
    public async Task If_Match_answers_412_when_it_is_something_else(string condition, int status)
    {
        foreach (var (path, digest, _) in await ContentAsync())
        {
            var answer = await fixture.Client.GetAnswerAsync(path, ("If-Match", Format(condition, digest)));

            if (status == 412)
            {
                Check.Error(412, "MANIFEST_INVALID", "precondition failed", answer);
                continue;
            }

            Check.Status(200, answer);
        }
    }

    [Fact]
    public async Task A_HEAD_of_a_manifest_is_conditional_too()
    {
        var (path, digest, _) = (await ContentAsync())[0];

        Check.Status(304, await fixture.Client.HeadAnswerAsync(path, ("If-None-Match", $"\"{digest}\"")));
        Check.Status(412, await fixture.Client.HeadAnswerAsync(path, ("If-Match", "\"a\"")));
        Check.Status(200, await fixture.Client.HeadAnswerAsync(path, ("If-None-Match", "\"a\""), ("If-Match", "*")));
    }

    [Fact]
    public async Task A_HEAD_of_a_blob_is_conditional_too()
    {
        var (path, digest, _) = (await ContentAsync())[2];

        Check.Status(304, await fixture.Client.HeadAnswerAsync(path, ("If-None-Match", $"\"{digest}\"")));
        Check.Status(412, await fixture.Client.HeadAnswerAsync(path, ("If-Match", "\"a\"")));
        Check.Status(200, await fixture.Client.HeadAnswerAsync(path, ("If-None-Match", "\"a\""), ("If-Match", "*")));
    }

    [Fact]
    public async Task If_None_Match_comes_before_Range_and_If_Match_before_both()
    {
        var (path, digest, bytes) = (await ContentAsync())[2];

        Check.Status(304, await fixture.Client.GetAnswerAsync(path, ("If-None-Match", $"\"{digest}\""), ("Range", "bytes=9999-")));
        Check.Status(412, await fixture.Client.GetAnswerAsync(path, ("If-None-Match", $"\"{digest}\""), ("If-Match", "\"a\""), ("Range", "bytes=0-1")));
        var part = await fixture.Client.GetAnswerAsync(path, ("If-None-Match", "\"a\""), ("If-Match", $"\"{digest}\""), ("Range", "bytes=0-1"));
        Assert.Equal(bytes[..2], Check.Status(206, part).Body);
    }

    [Fact]
    public async Task What_is_missing_is_404_whatever_the_condition()
    {
        Check.Status(404, await fixture.Client.GetAnswerAsync($"/v2/conditional/blobs/{Other}", ("If-Match", "*")));
        Check.Status(404, await fixture.Client.GetAnswerAsync("/v2/conditional/manifests/missing", ("If-None-Match", "*")));
    }

    [Fact]
    public async Task A_tag_that_moves_is_fresh_no_more()
    {
        var first = await fixture.Client.PushAsync("conditional/moving", TestImage.Create(), "latest");
        var second = await fixture.Client.PushAsync("conditional/moving", TestImage.Create(), "latest");

        var answer = await fixture.Client.GetAnswerAsync("/v2/conditional/moving/manifests/latest", ("If-None-Match", $"\"{first.Digest}\""));

        Assert.Equal(second.Manifest.Bytes, Check.Status(200, answer).Body);
    }

    // A tag, a manifest and a blob.
    private async Task<IReadOnlyList<(string Path, string Digest, byte[] Bytes)>> ContentAsync()
    {
        var tag = $"t{Guid.NewGuid():N}";
        var image = await fixture.Client.PushAsync("conditional", TestImage.Create(), tag);
        return
        [
            ($"/v2/conditional/manifests/{tag}", image.Digest, image.Manifest.Bytes),
            ($"/v2/conditional/manifests/{image.Digest}", image.Digest, image.Manifest.Bytes),
            ($"/v2/conditional/blobs/{image.Blobs[0].Digest}", image.Blobs[0].Digest, image.Blobs[0].Bytes),
        ];
    }

    private static string Format(string condition, string digest) => string.Format(CultureInfo.InvariantCulture, condition, digest);
}
