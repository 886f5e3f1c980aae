using System.Text.Json;
using Registry.Core.Oci;
using Registry.Mirror.Tests.Upstreams.Fixtures;
using Registry.Mirror.Upstreams;
using Registry.Mirror.Upstreams.Requests;

namespace Registry.Mirror.Tests.Upstreams;

public sealed class ListTests
{
    private const string Index = """{"schemaVersion":2,"manifests":[{"digest":"a","annotations":{"x":"ü"}},{"digest":"b"}]}""";

    private readonly Digest _subject = Digest.Parse(TestBlob.Random().Digest);

    [Theory]
    [InlineData("""{"name":"team/app","tags":["a","b"]}""", null, "a b", null)]
    [InlineData("""{"tags":null}""", null, "", null)]
    [InlineData("""{"tags":["a","-b","c d",5,"\ud800","e"]}""", null, "a e", null)]
    [InlineData("""{"tags":["a"]}""", "</v2/team/app/tags/list?n=1&last=a%2B>; rel=\"next\"", "a", "a+")]
    [InlineData("""{"tags":["a"]}""", "<https://elsewhere.example/v2/x?last=b&n=1>; rel=next", "a", "b")]
    [InlineData("""{"tags":["a"]}""", "</v2/team/app/tags/list?next_page=xyz>; rel=\"next\"", "a", "a")]
    [InlineData("""{"tags":["a"]}""", "</v2/team/app/tags/list?last=b>; rel=\"prev\"", "a", null)]
    public async Task A_page_has_the_valid_tags_and_the_begin_of_the_next(string json, string? link, string tags, string? last)
    {
        await using var server = await ScriptedServer.StartAsync(context => context.JsonAsync(json, "application/json", link is null ? [] : [("Link", link)]));
        using var upstream = TestUpstream.At(server);
        var page = (await upstream.ListTagsAsync(TestUpstream.Repository, "x+y", 7, TestContext.Current.CancellationToken)).Given();
        Assert.Equal((tags, last), (string.Join(' ', page.Tags), page.Last));
        Assert.Equal("/v2/team/app/tags/list?n=7&last=x%2By", Assert.Single(server.Requests).Target);
        (await upstream.ListTagsAsync(TestUpstream.Repository, null, null, TestContext.Current.CancellationToken)).Given();
        Assert.Equal("/v2/team/app/tags/list", server.Requests[1].Target);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("""{"tags":"a"}""")]
    public async Task What_is_no_list_of_tags_makes_the_upstream_away(string body)
    {
        await using var server = await ScriptedServer.StartAsync(context => context.JsonAsync(body));
        using var upstream = TestUpstream.At(server);
        Assert.Equal(
            "docker.io sent no list of tags",
            (await upstream.ListTagsAsync(TestUpstream.Repository, null, null, TestContext.Current.CancellationToken)).Reason(UpstreamFaultKind.Away));
    }

    [Fact]
    public async Task All_pages_of_referrers_make_one_index()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.JsonAsync(
            Index, TestImage.OciIndex, context.Request.QueryString.Value!.Contains("page=3", StringComparison.Ordinal)
                ? []
                : [("Link", $"<{context.Request.Path}?page={(context.Request.QueryString.HasValue ? 3 : 2)}>; rel=\"next\"")]));
        using var upstream = TestUpstream.At(server);

        using var json = JsonDocument.Parse((await upstream.ListReferrersAsync(TestUpstream.Repository, _subject, TestContext.Current.CancellationToken)).Given());

        Assert.Equal(TestImage.OciIndex, json.RootElement.GetProperty("mediaType").GetString());
        Assert.Equal(["a", "b", "a", "b", "a", "b"], json.RootElement.GetProperty("manifests").EnumerateArray().Select(one => one.GetProperty("digest").GetString()));
        Assert.Equal("ü", json.RootElement.GetProperty("manifests")[0].GetProperty("annotations").GetProperty("x").GetString());
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task Referrers_without_an_end_are_wrong()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.JsonAsync(Index, TestImage.OciIndex, ("Link", $"<{context.Request.Path}?x=1>; rel=\"next\"")));
        using var upstream = TestUpstream.At(server);
        using var small = TestUpstream.At(server, limits: new UpstreamLimits { ListSize = 2 * Index.Length });
        Assert.Equal("docker.io sent more than 20 pages of referrers", await ReasonAsync(upstream));
        Assert.Equal(20, server.Requests.Count);
        Assert.StartsWith("docker.io sent referrers of more than ", await ReasonAsync(small), StringComparison.Ordinal);

        async Task<string> ReasonAsync(HttpUpstream asked) =>
            (await asked.ListReferrersAsync(TestUpstream.Repository, _subject, TestContext.Current.CancellationToken)).Reason(UpstreamFaultKind.Wrong);
    }

    [Theory]
    [InlineData(404, "application/json")]
    [InlineData(501, "application/json")]
    [InlineData(200, "text/html")]
    public async Task The_tag_has_the_referrers_where_there_is_no_API(int status, string type)
    {
        await using var server = await ScriptedServer.StartAsync(context =>
        {
            if (context.Request.Path.Value!.EndsWith($"/manifests/sha256-{_subject.Hex}", StringComparison.Ordinal))
            {
                return context.JsonAsync(Index, TestImage.OciIndex);
            }

            context.Response.StatusCode = status;
            return context.JsonAsync("{}", type);
        });
        using var upstream = TestUpstream.At(server);
        using var json = JsonDocument.Parse((await upstream.ListReferrersAsync(TestUpstream.Repository, _subject, TestContext.Current.CancellationToken)).Given());
        Assert.Equal(2, json.RootElement.GetProperty("manifests").GetArrayLength());
        Assert.Null(upstream.Away);
    }

    [Fact]
    public async Task There_are_no_referrers_where_there_is_neither()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.Status(404));
        using var upstream = TestUpstream.At(server);
        var subject = Digest.Parse(TestBlob.Random().Sha512);
        using var json = JsonDocument.Parse((await upstream.ListReferrersAsync(TestUpstream.Repository, subject, TestContext.Current.CancellationToken)).Given());
        Assert.Equal(0, json.RootElement.GetProperty("manifests").GetArrayLength());
        Assert.EndsWith($"/manifests/sha512-{subject.Hex[..64]}", server.Requests[1].Target, StringComparison.Ordinal);
    }
}
