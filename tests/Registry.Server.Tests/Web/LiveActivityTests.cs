using Microsoft.Extensions.Time.Testing;
using Registry.Core.Access;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Web;

/// <summary>Live activity: what happens while a page is open, as Server-Sent Events.</summary>
public sealed class LiveActivityTests
{
    private static readonly (string, string) Html = ("Accept", "text/html");

    [Fact]
    public async Task A_push_is_an_item_of_the_list()
    {
        await using var registry = await TestRegistry.StartAsync();
        using var all = await LiveStream.OpenAsync(registry.Client, "/activity/live?kind=tag-set");
        using var one = await LiveStream.OpenAsync(registry.Client, "/repositories/live/one/-/activity/live?kind=tag-set");
        Assert.Equal(("text/event-stream", "no-store", "no"), (all.ContentType, all.Header("Cache-Control"), all.Header("X-Accel-Buffering")));

        await registry.Client.PushAsync("live/other", TestImage.Create(), "v1");
        await registry.Client.PushAsync("live/one", TestImage.Create(), "v1");

        var first = await all.ReadEventAsync();
        Assert.Contains("""<li><div><a href="/repositories/live/other"><bdi>live/other</bdi></a>: tag """, first.Data, StringComparison.Ordinal);
        Assert.Contains("live/one", (await all.ReadEventAsync()).Data, StringComparison.Ordinal);
        Assert.StartsWith("<li><div>tag ", (await one.ReadEventAsync()).Data, StringComparison.Ordinal);

        // A browser that connects again has missed nothing.
        using var again = await LiveStream.OpenAsync(registry.Client, "/activity/live?kind=tag-set", ("Last-Event-ID", first.Id));
        Assert.Contains("live/one", (await again.ReadEventAsync()).Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_happens_between_a_page_and_its_stream_is_not_missed()
    {
        await using var registry = await TestRegistry.StartAsync();
        Assert.Equal(0, await NewestAsync("/activity"));
        var image = await registry.Client.PushAsync("live/app", TestImage.Create(), "v1");
        var newest = await NewestAsync("/repositories/live/app/-/activity?kind=tag-set");
        Assert.InRange(newest, 1, long.MaxValue);
        await registry.Client.PushAsync("live/app", image, "v2");
        await registry.Client.PushAsync("live/app", image, "v3");

        using var stream = await LiveStream.OpenAsync(registry.Client, $"/repositories/live/app/-/activity/live?kind=tag-set&after={newest}");
        Assert.Contains(">v2<", (await stream.ReadEventAsync()).Data, StringComparison.Ordinal);
        Assert.Contains(">v3<", (await stream.ReadEventAsync()).Data, StringComparison.Ordinal);
        await registry.Client.PushAsync("live/app", image, "v4");

        // With many nodes, the feed may still have what the page or the list had. The script leaves it out.
        string[] had = [">v1<", ">v2<", ">v3<"];
        var next = await stream.ReadEventAsync();
        while (had.Any(tag => next.Data.Contains(tag, StringComparison.Ordinal)))
        {
            next = await stream.ReadEventAsync();
        }

        Assert.Contains(">v4<", next.Data, StringComparison.Ordinal);
        Assert.NotEmpty(next.Id);
        Check.Status(400, await registry.Client.GetAnswerAsync("/activity/live?after=x", Html));

        async Task<long> NewestAsync(string path) =>
            long.Parse(Visitor.AttributeOf(await registry.Client.GetAnswerAsync(path, Html), "data-live"), System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task What_a_stream_catches_up_on_is_a_page_at_most()
    {
        await using var registry = await TestRegistry.StartAsync();
        var image = await registry.Client.PushAsync("live/app", TestImage.Create(), "first");
        foreach (var hundreds in Enumerable.Range(0, 3))
        {
            await registry.Client.PushAsync("live/app", image, [.. Enumerable.Range(0, 100).Select(i => $"t{(100 * hundreds) + i}")]);
        }

        using var stream = await LiveStream.OpenAsync(registry.Client, "/activity/live?kind=tag-set&after=0");
        for (var i = 100; i < 300; i++)
        {
            Assert.Contains($">t{i}<", (await stream.ReadEventAsync()).Data, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_visitor_gets_what_happens_where_the_visitor_may_pull()
    {
        using var folder = new AccessFolder(
            """
            { "defaultPolicy": "deny", "adminUsers": ["admin"], "rules": [ { "repository": "public/**", "users": ["$anonymous", "*"], "permissions": ["pull"] } ] }
            """);
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic));
        using var admin = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        admin.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        await admin.PushAsync("public/app", TestImage.Create(), "v1");
        using var stream = await LiveStream.OpenAsync(registry.Client, "/activity/live");

        await admin.PushAsync("secret/app", TestImage.Create(), "v1");
        await admin.PushAsync("public/app", TestImage.Create(), "v2");

        var item = (await stream.ReadEventAsync()).Data;
        Assert.Contains("public/app", item, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", item, StringComparison.Ordinal);
        var refused = await registry.Client.GetAnswerAsync("/repositories/secret/app/-/activity/live", Html);
        var missing = await registry.Client.GetAnswerAsync("/repositories/secret/nil/-/activity/live", Html);
        Assert.Equal(refused.Status, missing.Status);
        Assert.NotEqual(200, refused.Status);
    }

    [Fact]
    public async Task A_stream_says_that_it_lives_and_ends_so_that_the_rules_are_asked_again()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var registry = await TestRegistry.StartAsync(time: time);
        using var stream = await LiveStream.OpenAsync(registry.Client, "/activity/live");

        var (comments, passed) = await stream.PassTimeToEndAsync(time);

        Assert.InRange(comments, 1, 20);
        Assert.InRange(passed, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task A_stop_ends_the_streams_at_once()
    {
        var registry = await TestRegistry.StartAsync();
        using var stream = await LiveStream.OpenAsync(registry.Client, "/activity/live");
        var stop = registry.DisposeAsync().AsTask();
        await stream.ReadToEndAsync();
        await stop.WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task A_caller_has_a_limited_number_of_streams()
    {
        await using var registry = await TestRegistry.StartAsync();
        var streams = new List<LiveStream>();
        for (var i = 0; i < 20; i++)
        {
            streams.Add(await LiveStream.OpenAsync(registry.Client, "/activity/live"));
        }

        Assert.Contains("you have 20 pages open that show live activity", Check.Status(429, await registry.Client.GetAnswerAsync("/activity/live", Html)).Text, StringComparison.Ordinal);
        streams[0].Dispose();
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    (await LiveStream.OpenAsync(registry.Client, "/activity/live")).Dispose();
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "a stream can be opened when another one has ended");
        streams.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task A_thousand_readers_get_every_push_and_slow_ones_hold_up_nobody()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { TrustedProxies = ProxyList.Parse("127.0.0.1")! });
        var streams = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i =>
            LiveStream.OpenAsync(registry.Client, "/activity/live?kind=tag-set", ("X-Forwarded-For", $"10.1.{i / 250}.{i % 250}"))));

        // Ten of them read nothing until the end.
        const int Pushes = 20;
        var reading = Task.WhenAll(streams.Skip(10).Select(async stream =>
        {
            for (var i = 0; i < Pushes; i++)
            {
                Assert.Contains($">v{i}<", (await stream.ReadEventAsync()).Data, StringComparison.Ordinal);
            }
        }));
        for (var i = 0; i < Pushes; i++)
        {
            await registry.Client.PushAsync("live/many", TestImage.Create(), $"v{i}");
        }

        await reading.WaitAsync(Patience.Limit);
        Array.ForEach(streams, stream => stream.Dispose());
    }
}
