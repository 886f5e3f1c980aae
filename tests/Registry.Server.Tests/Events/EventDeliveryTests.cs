using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Registry.Server.Tests.Events;

/// <summary>Events at real endpoints.</summary>
public sealed class EventDeliveryTests
{
    [Fact]
    public async Task What_happens_is_sent_signed_as_CloudEvents()
    {
        await using var receiver = await EventReceiver.StartAsync();
        using var folder = new EventFolder(EventFolder.Endpoint("pipeline", receiver, ("headers", new JsonObject { ["Authorization"] = "Bearer of-the-endpoint" })));
        await using var registry = await folder.StartAsync();

        var image = await registry.Client.PushAsync("team/app", TestImage.Create(), "v1");
        await registry.Client.RequestAsync("DELETE", "/v2/team/app/manifests/v1");
        await registry.Client.RequestAsync("DELETE", $"/v2/team/app/manifests/{image.Digest}");

        await Eventually.TrueAsync(() => receiver.Events.Count >= 4);
        Assert.Equal(
            [$"manifest-added team/app@{image.Digest}", "tag-set team/app:v1", "tag-removed team/app:v1", $"manifest-removed team/app@{image.Digest}"],
            receiver.Events.Select(one => one.Summary));
        Assert.All(receiver.Events, one => Assert.Equal(
            (true, "application/cloudevents+json", "Bearer of-the-endpoint", one.Id), (one.IsSigned, one.ContentType, one.Authorization, one.Json.GetProperty("id").GetString())));
        var set = receiver.Events[1].Json;
        Assert.Equal(
            ("1.0", "registry.tag-set", "http://registry.example", "application/json"),
            (Text(set, "specversion"), Text(set, "type"), Text(set, "source"), Text(set, "datacontenttype")));
        var (data, origin) = (set.GetProperty("data"), set.GetProperty("data").GetProperty("origin"));
        Assert.Equal((image.Digest, image.MediaType, image.Manifest.Bytes.Length), (Text(data, "digest"), Text(data, "mediaType"), data.GetProperty("size").GetInt32()));
        Assert.Equal(("request", "127.0.0.1"), (Text(origin, "source"), Text(origin, "address")));

        // The same as in the activity, which has the newest first.
        var activity = Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/activity?repository=team/app")).Json.GetProperty("changes")[2];
        Assert.Equal(DateTimeOffset.Parse(Text(activity, "time")!), DateTimeOffset.Parse(Text(set, "time")!));
        Assert.All(
            activity.EnumerateObject().Where(member => member.Name is not ("position" or "time" or "origin")),
            member => Assert.Equal(member.Value.ToString(), data.GetProperty(member.Name).ToString()));
    }

    [Fact]
    public async Task Filters_leave_out_what_is_not_asked_for()
    {
        await using var receiver = await EventReceiver.StartAsync();
        using var folder = new EventFolder(EventFolder.Endpoint(
            "pipeline", receiver, ("repositories", new JsonArray("team/*")), ("tags", new JsonArray("v*")), ("kinds", new JsonArray("tag-set"))));
        await using var registry = await folder.StartAsync();

        await registry.Client.PushAsync("other/app", TestImage.Create(), "v1");
        await registry.Client.PushAsync("team/app", TestImage.Create(), "latest", "v1");
        await registry.Client.RequestAsync("DELETE", "/v2/team/app/manifests/v1");
        await registry.Client.PushAsync("team/app", TestImage.Create(), "v2");

        await Eventually.TrueAsync(() => receiver.Events.Count >= 2);
        Assert.Equal(["tag-set team/app:v1", "tag-set team/app:v2"], receiver.Events.Select(one => one.Summary));
    }

    [Fact]
    public async Task Under_load_each_repository_has_its_order_and_nothing_is_missing_or_sent_twice()
    {
        const int repositories = 12;
        const int moves = 20;
        await using var receiver = await EventReceiver.StartAsync();
        receiver.Instead = async context =>
        {
            await Task.Delay(Random.Shared.Next(5), context.RequestAborted);
            return false;
        };
        using var folder = new EventFolder(EventFolder.Endpoint("pipeline", receiver, ("kinds", new JsonArray("tag-set"))));
        await using var registry = await folder.StartAsync();

        var pushed = new ConcurrentDictionary<string, List<string>>();
        await Parallel.ForEachAsync(Enumerable.Range(0, repositories), async (number, _) =>
        {
            var digests = pushed[$"load/app{number}"] = [];
            for (var i = 0; i < moves; i++)
            {
                digests.Add((await registry.Client.PushAsync($"load/app{number}", TestImage.Create(), "latest")).Digest);
            }
        });

        await Eventually.TrueAsync(() => receiver.Events.Count >= repositories * moves);
        Assert.Equal(repositories * moves, receiver.Events.Select(one => one.Id).Distinct().Count());
        Assert.Equal(repositories * moves, receiver.Events.Count);
        foreach (var (repository, digests) in pushed)
        {
            Assert.Equal(digests, receiver.Events.Where(one => Text(one.Data, "repository") == repository).Select(one => Text(one.Data, "digest")!));
        }
    }

    [Fact]
    public async Task An_endpoint_that_fails_gets_everything_later_in_order_and_holds_up_no_other()
    {
        await using var failing = await EventReceiver.StartAsync();
        await using var other = await EventReceiver.StartAsync();
        failing.Instead = Answer(StatusCodes.Status500InternalServerError);
        using var folder = new EventFolder(EventFolder.Endpoint("failing", failing), EventFolder.Endpoint("other", other));
        await using var registry = await folder.StartAsync();

        var images = new List<TestImage>();
        for (var i = 0; i < 5; i++)
        {
            images.Add(await registry.Client.PushAsync("team/app", TestImage.Create(), "latest"));
        }

        await Eventually.TrueAsync(() => other.Events.Count >= 10);
        await Eventually.HoldsAsync(async () => (await EndpointAsync(registry, "failing")).GetProperty("state").GetString() == "failing", "it is shown as failing");
        Assert.Equal("answered 500 Internal Server Error", Text(await EndpointAsync(registry, "failing"), "reason"));
        Assert.Empty(failing.Events);

        failing.Instead = null;
        await Eventually.TrueAsync(() => failing.Events.Count >= 10);
        Assert.Equal(other.Events.Select(one => one.Id), failing.Events.Select(one => one.Id));
        await Eventually.HoldsAsync(async () => (await EndpointAsync(registry, "failing")).GetProperty("state").GetString() == "ok", "it is shown as well");
        Assert.Equal(10, (await EndpointAsync(registry, "failing")).GetProperty("delivered").GetInt64());
    }

    [Fact]
    public async Task An_endpoint_that_hangs_holds_up_no_other()
    {
        await using var hanging = await EventReceiver.StartAsync();
        await using var other = await EventReceiver.StartAsync();
        hanging.Instead = async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return true;
        };
        using var folder = new EventFolder(EventFolder.Endpoint("hanging", hanging), EventFolder.Endpoint("other", other));
        await using var registry = await folder.StartAsync();

        await registry.Client.PushAsync("team/app", TestImage.Create(), "latest");

        await Eventually.TrueAsync(() => other.Events.Count >= 2);
        await Eventually.HoldsAsync(async () => (await EndpointAsync(registry, "hanging")).TryGetProperty("reason", out var reason) && reason.GetString() == "did not answer in time", "the attempt has ended");
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var target = await EventReceiver.StartAsync();
        await using var receiver = await EventReceiver.StartAsync();
        receiver.Instead = context =>
        {
            context.Response.Redirect(target.Url.ToString(), permanent: false, preserveMethod: true);
            return Task.FromResult(true);
        };
        using var folder = new EventFolder(EventFolder.Endpoint("pipeline", receiver));
        await using var registry = await folder.StartAsync();

        await registry.Client.PushAsync("team/app", TestImage.Create(), "latest");

        await Eventually.HoldsAsync(
            async () => Text(await EndpointAsync(registry, "pipeline"), "reason") == "answered 307 Temporary Redirect, and redirects are not followed", "the redirect is shown");
        Assert.Equal(0, target.Requests);
    }

    [Fact]
    public async Task Of_an_answer_without_end_only_a_little_is_read()
    {
        long sent = 0;
        await using var listener = new LoopbackListener(async (connection, token) =>
        {
            await LoopbackListener.SendAsync(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"u8.ToArray(), token);
            for (var piece = new byte[64 * 1024]; ; Interlocked.Add(ref sent, piece.Length))
            {
                await LoopbackListener.SendAsync(connection, piece, token);
            }
        });
        using var folder = new EventFolder(EventFolder.Endpoint("pipeline", new Uri($"http://{listener.EndPoint}/")));
        await using var registry = await folder.StartAsync();

        await registry.Client.PushAsync("team/app", TestImage.Create(), "latest");

        await Eventually.HoldsAsync(async () => (await EndpointAsync(registry, "pipeline")).GetProperty("delivered").GetInt64() == 2, "both events are delivered");

        // What the kernel holds on both sides, of two connections.
        Assert.InRange(Interlocked.Read(ref sent), 0, 64L * 1024 * 1024);
    }

    [Fact]
    public async Task Loopback_is_dialled_only_if_it_is_named()
    {
        await using var receiver = await EventReceiver.StartAsync();
        using var folder = new EventFolder(
            EventFolder.Endpoint("unnamed", receiver, ("addresses", new JsonArray("10.0.0.0/8"))),
            EventFolder.Endpoint("by-name", receiver, ("url", $"http://localhost:{receiver.Url.Port}/hook"), ("addresses", new JsonArray())),
            EventFolder.Endpoint("mapped", receiver, ("url", $"http://[::ffff:127.0.0.1]:{receiver.Url.Port}/hook"), ("addresses", new JsonArray())),
            EventFolder.Endpoint("metadata", receiver, ("url", "http://169.254.169.254/latest"), ("addresses", new JsonArray())));
        await using var registry = await folder.StartAsync();

        await registry.Client.PushAsync("team/app", TestImage.Create(), "latest");

        foreach (var name in new[] { "unnamed", "by-name", "mapped", "metadata" })
        {
            await Eventually.HoldsAsync(
                async () => Text(await EndpointAsync(registry, name), "reason")?.Contains("is not dialled unless addresses of its configuration has it", StringComparison.Ordinal) is true,
                $"{name} is shown as refused");
        }

        Assert.Equal(0, receiver.Requests);
        folder.Write(EventFolder.Endpoint("unnamed", receiver));
        await Eventually.TrueAsync(() => receiver.Events.Count >= 2);
    }

    [Fact]
    public async Task What_was_not_delivered_before_a_restart_is_delivered_after_it_and_nothing_twice()
    {
        await using var receiver = await EventReceiver.StartAsync();
        using var folder = new EventFolder(EventFolder.Endpoint("pipeline", receiver, ("kinds", new JsonArray("tag-set"))));
        await using var registry = await folder.StartAsync();
        await registry.Client.PushAsync("team/app", TestImage.Create(), "first");
        await Eventually.TrueAsync(() => receiver.Events.Count >= 1);
        receiver.Instead = Answer(StatusCodes.Status503ServiceUnavailable);
        for (var i = 0; i < 5; i++)
        {
            await registry.Client.PushAsync($"team/app{i}", TestImage.Create(), "second");
        }

        await registry.RestartAsync();
        receiver.Instead = null;
        await EventFolder.BegunAsync(registry);
        await registry.Client.PushAsync("team/app", TestImage.Create(), "third");

        await Eventually.TrueAsync(() => receiver.Events.Count >= 7);
        Assert.Equal(7, receiver.Events.Select(one => one.Id).Distinct().Count());
        Assert.Equal(7, receiver.Events.Count);
    }

    [Fact]
    public async Task What_listens_to_distribution_gets_its_envelope()
    {
        await using var receiver = await EventReceiver.StartAsync();
        using var folder = new EventFolder(EventFolder.Endpoint("pipeline", receiver, ("format", "distribution")));
        await using var registry = await folder.StartAsync();

        var image = TestImage.Create();
        foreach (var blob in image.Blobs)
        {
            await registry.Client.PushBlobAsync("team/app", blob);
        }

        Check.Status(201, await registry.Client.PutManifestAsync("team/app", "v1", image));
        var untagged = await registry.Client.PushAsync("team/app", TestImage.Create());
        await registry.Client.RequestAsync("DELETE", $"/v2/team/app/manifests/{image.Digest}");

        await Eventually.TrueAsync(() => receiver.Events.Count >= 4);
        Assert.All(receiver.Events, one => Assert.Equal((true, "application/vnd.docker.distribution.events.v2+json"), (one.IsSigned, one.ContentType)));
        var events = receiver.Events.Select(one => Assert.Single(one.Json.GetProperty("events").EnumerateArray())).ToList();
        Assert.Equal(
            [("push", "v1", image.Digest), ("push", null, untagged.Digest), ("delete", "v1", null), ("delete", null, image.Digest)],
            events.Select(one => (Text(one, "action")!, Text(one.GetProperty("target"), "tag"), Text(one.GetProperty("target"), "digest"))));
        var target = events[0].GetProperty("target");
        Assert.Equal(
            ("team/app", image.MediaType, image.Manifest.Bytes.Length, image.Manifest.Bytes.Length, $"http://registry.example/v2/team/app/manifests/{image.Digest}"),
            (Text(target, "repository"), Text(target, "mediaType"), target.GetProperty("size").GetInt32(), target.GetProperty("length").GetInt32(), Text(target, "url")));
        Assert.Equal(("PUT", "registry.example"), (Text(events[0].GetProperty("request"), "method"), Text(events[0].GetProperty("request"), "host")));
    }

    [Fact]
    public async Task A_replay_sends_again_what_has_happened_since_a_time()
    {
        await using var receiver = await EventReceiver.StartAsync();
        using var folder = new EventFolder(EventFolder.Endpoint("pipeline", receiver, ("kinds", new JsonArray("tag-set"))));
        await using var registry = await folder.StartAsync();
        await registry.Client.PushAsync("team/app", TestImage.Create(), "first");
        await Eventually.TrueAsync(() => receiver.Events.Count >= 1);
        await Task.Delay(TimeSpan.FromMilliseconds(20));
        var since = DateTimeOffset.UtcNow;
        await registry.Client.PushAsync("team/app", TestImage.Create(), "second");
        await registry.Client.PushAsync("team/other", TestImage.Create(), "third");
        await Eventually.TrueAsync(() => receiver.Events.Count >= 3);

        Assert.NotNull(await registry.Host.Events!.ReplayAsync("pipeline", since));

        await Eventually.TrueAsync(() => receiver.Events.Count >= 5);
        Assert.Equal(receiver.Events.Skip(1).Take(2).Select(one => one.Id).Order(), receiver.Events.Skip(3).Select(one => one.Id).Order());
        Assert.Null(await registry.Host.Events.ReplayAsync("other", since));
    }

    private static Func<HttpContext, Task<bool>> Answer(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.FromResult(true);
    };

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;

    // As the API shows it.
    private static async Task<JsonElement> EndpointAsync(TestRegistry registry, string name) =>
        JsonSerializer.SerializeToElement((await registry.Host.Events!.ReadStatusAsync()).Where(one => one.Settings.Name == name).Select(Api.Events.EndpointAnswer.Of).Single(), JsonSerializerOptions.Web);
}
