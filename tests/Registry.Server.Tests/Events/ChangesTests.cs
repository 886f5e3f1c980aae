using System.Text.Json;
using Registry.Core.Access;
using Registry.Server.Endpoints;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Web;

namespace Registry.Server.Tests.Events;

/// <summary>The changes for those who fetch them.</summary>
public sealed class ChangesTests
{
    private const string Rules = """
        {
          "defaultPolicy": "deny",
          "adminUsers": ["admin"],
          "rules": [
            { "repository": "read/**", "users": ["bob"], "permissions": ["pull"] },
            { "repository": "**", "users": ["alice"], "permissions": ["pull", "push", "delete"] }
          ]
        }
        """;

    [Fact]
    public async Task All_changes_are_read_page_by_page_in_order()
    {
        await using var registry = await TestRegistry.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await registry.Client.PushAsync("team/app", TestImage.Create(), $"v{i}");
        }

        await SettledAsync(registry, 10);
        var ids = new List<string>();
        var subjects = new List<string>();
        var last = string.Empty;
        for (var path = "/api/v1/changes?n=3"; path is not null;)
        {
            var page = Check.Status(200, await registry.Client.GetAnswerAsync(path)).Json;
            Assert.InRange(page.GetProperty("events").GetArrayLength(), 0, 3);
            ids.AddRange(page.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("id").GetString()!));
            subjects.AddRange(page.GetProperty("events").EnumerateArray().Where(one => one.GetProperty("type").GetString() == "registry.tag-set").Select(one => one.GetProperty("subject").GetString()!));
            last = page.GetProperty("last").GetString()!;
            path = page.TryGetProperty("next", out var next) ? next.GetString() : null;
        }

        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"team/app:v{i}"), subjects);
        Assert.Equal(10, ids.Distinct().Count());
        var rest = Check.Status(200, await registry.Client.GetAnswerAsync($"/api/v1/changes?after={ids[6]}")).Json;
        Assert.Equal(ids.Skip(7), rest.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("id").GetString()!));
        Assert.Empty(Check.Status(200, await registry.Client.GetAnswerAsync($"/api/v1/changes?after={last}")).Json.GetProperty("events").EnumerateArray());
        Assert.Empty(Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/changes?after=now")).Json.GetProperty("events").EnumerateArray());
    }

    [Fact]
    public async Task A_position_that_is_not_known_is_gone_and_the_oldest_one_is_told()
    {
        await using var registry = await TestRegistry.StartAsync();
        await registry.Client.PushAsync("team/app", TestImage.Create(), "v1");
        await SettledAsync(registry, 2);
        var epoch = Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/changes?after=now")).Json.GetProperty("last").GetString()!.Split('-')[0];

        foreach (var after in new[] { "000000000001-0", $"{epoch}-999999999" })
        {
            var gone = Check.Problem(410, "UNSUPPORTED", "the changes after this position are not known", await registry.Client.GetAnswerAsync($"/api/v1/changes?after={after}"));
            Assert.EndsWith($"the oldest position is {epoch}-0", gone.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        foreach (var after in new[] { "1", "x-1", $"{epoch}-", $"{epoch}--1", $"{epoch}-1x", $"{epoch}-99999999999999999999" })
        {
            Check.Problem(400, "UNSUPPORTED", "malformed request", await registry.Client.GetAnswerAsync($"/api/v1/changes?after={after}"));
        }
    }

    [Fact]
    public async Task Each_caller_sees_what_happened_where_the_caller_may_pull()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic));
        using var alice = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        var (name, value) = AccessFolder.Basic("alice");
        alice.DefaultRequestHeaders.Add(name, value);
        await alice.PushAsync("secret/app", TestImage.Create(), "v1");
        await alice.PushAsync("read/app", TestImage.Create(), "v1");
        await SettledAsync(registry, 4);

        Check.Status(401, await registry.Client.GetAnswerAsync("/api/v1/changes"));
        var (bob, admin) = (await ListAsync("bob"), await ListAsync("admin"));
        Assert.Equal(["read/app", "read/app"], bob.Select(RepositoryOf));
        Assert.All(bob, one => Assert.False(one.GetProperty("data").GetProperty("origin").TryGetProperty("address", out _)));
        Assert.Equal(["secret/app", "secret/app", "read/app", "read/app"], (await ListAsync("alice")).Select(RepositoryOf));
        Assert.All(admin, one => Assert.True(one.GetProperty("data").GetProperty("origin").TryGetProperty("address", out _)));

        using var stream = await LiveStream.OpenAsync(registry.Client, "/api/v1/changes", AccessFolder.Basic("bob"));
        await alice.PushAsync("secret/app", TestImage.Create(), "v2");
        await alice.PushAsync("read/app", TestImage.Create(), "v2");
        Assert.Equal("read/app", RepositoryOf(JsonDocument.Parse((await stream.ReadEventAsync()).Data).RootElement));

        async Task<List<JsonElement>> ListAsync(string user) =>
            [.. Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/changes?n=100", AccessFolder.Basic(user))).Json.GetProperty("events").EnumerateArray()];
    }

    [Fact]
    public async Task A_stream_goes_on_after_the_last_event_of_the_client()
    {
        await using var registry = await TestRegistry.StartAsync();
        await registry.Client.PushAsync("team/app", TestImage.Create(), "v0");
        await SettledAsync(registry, 2);
        var ids = new List<string>();
        using (var stream = await LiveStream.OpenAsync(registry.Client, "/api/v1/changes"))
        {
            Assert.Equal("text/event-stream", stream.ContentType);
            await registry.Client.PushAsync("team/app", TestImage.Create(), "v1");
            ids.AddRange([(await stream.ReadEventAsync()).Id, (await stream.ReadEventAsync()).Id]);
        }

        await registry.Client.PushAsync("team/app", TestImage.Create(), "v2");
        using var next = await LiveStream.OpenAsync(registry.Client, "/api/v1/changes", ("Last-Event-ID", ids[0]));
        Assert.Equal(ids[1], (await next.ReadEventAsync()).Id);
        Assert.Equal("registry.manifest-added", JsonDocument.Parse((await next.ReadEventAsync()).Data).RootElement.GetProperty("type").GetString());
        var (id, data) = await next.ReadEventAsync();
        Assert.Equal(("team/app:v2", id), (JsonDocument.Parse(data).RootElement.GetProperty("subject").GetString(), JsonDocument.Parse(data).RootElement.GetProperty("id").GetString()));

        var gone = await registry.Client.GetAnswerAsync("/api/v1/changes", ("Accept", "text/event-stream"), ("Last-Event-ID", "000000000001-7"));
        Check.Status(410, gone);
    }

    [Fact]
    public async Task A_caller_has_a_number_of_streams_at_most_and_they_end_with_the_registry()
    {
        await using var registry = await TestRegistry.StartAsync();
        var streams = new List<LiveStream>();
        for (var i = 0; i < ChangeEndpoints.MaxOfCaller; i++)
        {
            streams.Add(await LiveStream.OpenAsync(registry.Client, "/api/v1/changes"));
        }

        Check.Status(429, await registry.Client.GetAnswerAsync("/api/v1/changes", ("Accept", "text/event-stream")));
        streams[0].Dispose();
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    streams[0] = await LiveStream.OpenAsync(registry.Client, "/api/v1/changes");
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "a stream that has ended makes room for another one");

        await registry.RestartAsync();
        await Task.WhenAll(streams.Select(stream => stream.ReadToEndAsync()));
        streams.ForEach(stream => stream.Dispose());
    }

    // With several nodes, positions are given a moment after the answers.
    private static Task SettledAsync(TestRegistry registry, int count) => Eventually.HoldsAsync(
        async () => (await registry.Host.Storage.Ports.Changes.ReadAsync(0, 1000)).Count(change => change.IsHistory) >= count, "the changes are readable");

    private static string RepositoryOf(JsonElement one) => one.GetProperty("data").GetProperty("repository").GetString()!;
}
