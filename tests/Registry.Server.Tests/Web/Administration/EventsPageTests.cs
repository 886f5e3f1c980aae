using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Registry.Server.Tests.Events;
using Registry.Server.Tests.Maintenance;
using Registry.Server.Tests.Policies;

namespace Registry.Server.Tests.Web.Administration;

/// <summary>Endpoints of events on the pages for admins.</summary>
public sealed class EventsPageTests
{
    private const string Path = "/administration/events";
    private const string Deliveries = $"{Path}/deliveries?endpoint=pipeline";
    private const string Replay = $"{Path}/replay";

    [Fact]
    public async Task Without_endpoints_the_page_says_so()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        var visitor = await maintained.OpenPagesAsync();

        Assert.Contains("No events are sent: REGISTRY_EVENTS_CONFIG is not set", Check.Status(200, await visitor.OpenAsync(Path)).Text, StringComparison.Ordinal);
        Check.Status(404, await visitor.OpenAsync(Deliveries));
        Check.Status(404, await visitor.OpenAsync($"{Replay}?endpoint=pipeline"));
    }

    [Fact]
    public async Task Each_endpoint_has_its_state_and_nothing_secret()
    {
        await using var receiver = await EventReceiver.StartAsync();
        var (url, headers) = ($"http://127.0.0.1:1/canary-of-the-path?key=canary-of-the-query", new JsonObject { ["Authorization"] = "canary-of-the-header" });
        using var folder = new EventFolder(
            EventFolder.Endpoint("pipeline", receiver, ("kinds", new JsonArray("tag-set")), ("repositories", new JsonArray("team/*"))),
            EventFolder.Endpoint("away", new Uri(url), ("headers", headers), ("format", "distribution")));
        await using var maintained = await StartAsync(folder);
        await maintained.Admin.PushAsync("team/app", TestImage.Create(), "v1");
        var visitor = await maintained.OpenPagesAsync();

        Answer page = null!;
        await Eventually.HoldsAsync(
            async () => (page = Check.Status(200, await visitor.OpenAsync(Path))).Text.Contains("failing since", StringComparison.Ordinal) && receiver.Events.Count == 1, "the page shows what fails");
        Assert.Matches("""<bdi>away</bdi></a></th><td class="name"><bdi>http://127\.0\.0\.1:1</bdi></td><td><span class="bad">failing since <time[^>]*>[0-9: -]*</time>, in 1 of 16 lanes: it <bdi>[^<]+</bdi>\. Events wait""", page.Text);
        await Eventually.HoldsAsync(
            async () => Regex.IsMatch(
                (page = await visitor.OpenAsync(Path)).Text,
                """<bdi>pipeline</bdi></a></th><td class="name"><bdi>[^<]+</bdi></td><td><span class="good">ok</span></td><td class="number">[0-9]+</td><td><time[^>]*>[^<]+</time></td><td class="number">1</td><td class="number">0</td>"""),
            "the page shows the delivery");

        var deliveries = Check.Status(200, await visitor.OpenAsync(Deliveries));
        Assert.Contains("cloudevents, signed", deliveries.Text, StringComparison.Ordinal);
        Assert.Contains("<bdi>tag-set; repositories team/*</bdi>", deliveries.Text, StringComparison.Ordinal);
        Assert.Matches("""<td class="good">delivered</td><td>tag-set</td><th scope="row" class="name"><bdi>team/app:v1</bdi></th><td class="number">1</td><td class="name"><bdi>204 in [0-9]+ ms</bdi></td>""", deliveries.Text);
        Assert.Contains("There are none.", Check.Status(200, await visitor.OpenAsync($"{Deliveries}&state=set-aside")).Text, StringComparison.Ordinal);
        Assert.Contains("team/app:v1", Check.Status(200, await visitor.OpenAsync($"{Deliveries}&state=")).Text, StringComparison.Ordinal);
        foreach (var address in new[] { Path, Deliveries, $"{Path}/deliveries?endpoint=away", $"{Replay}?endpoint=away" })
        {
            var text = Check.Status(200, await visitor.OpenAsync(address)).ToString();
            Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
            Assert.DoesNotContain(EventReceiver.Secret, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_event_that_was_set_aside_is_seen_and_sent_again()
    {
        await using var receiver = await EventReceiver.StartAsync();
        receiver.Instead = context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.FromResult(true);
        };
        using var folder = new EventFolder(EventFolder.Endpoint("pipeline", receiver, ("kinds", new JsonArray("tag-set"))));
        var clock = new SkippingClock();
        await using var maintained = await StartAsync(folder, clock);
        await maintained.Admin.PushAsync("team/app", TestImage.Create(), "v1");
        await Eventually.HoldsAsync(async () => (await maintained.Registry.Host.Events!.ReadStatusAsync()).Single().Failing == 1, "the failure is recorded");
        clock.Skip(TimeSpan.FromDays(4));
        var visitor = await maintained.OpenPagesAsync();

        Answer page = null!;
        await Eventually.HoldsAsync(
            async () => (page = Check.Status(200, await visitor.OpenAsync(Path))).Text.Contains($"""<a class="bad" href="{Deliveries}&amp;state=set-aside" aria-label="1 set aside for pipeline">1</a>""", StringComparison.Ordinal),
            "the page shows that an event was set aside");
        page = Check.Status(200, await visitor.OpenAsync($"{Deliveries}&state=set-aside"));
        Assert.Contains("""<td class="bad">set aside</td>""", page.Text, StringComparison.Ordinal);
        Assert.Contains("<bdi>answered 503 Service Unavailable</bdi>", page.Text, StringComparison.Ordinal);
        Assert.Contains("<dt>Sent again</dt><dd>never</dd>", page.Text, StringComparison.Ordinal);

        // From the button of the event on, without any more to write.
        receiver.Instead = null;
        var link = System.Net.WebUtility.HtmlDecode(Regex.Match(page.Text, $"href=\"({Replay}[^\"]*position=[^\"]*)\"").Groups[1].Value);
        var form = Check.Status(200, await visitor.OpenAsync(link));
        Assert.Contains("Send events to <bdi>pipeline</bdi> again?", form.Text, StringComparison.Ordinal);
        var sent = await visitor.PostAsync(Replay, ("token", Visitor.TokenOf(form)), ("endpoint", "pipeline"), ("since", Visitor.FieldOf(form, "since")));
        Assert.Equal(Deliveries, Check.Status(303, sent).Location);

        await Eventually.TrueAsync(() => receiver.Events.Count == 1);
        Assert.Equal("tag-set team/app:v1", receiver.Events[0].Summary);
        Assert.Contains("<dt>Sent again</dt><dd>1 time</dd>", Check.Status(200, await visitor.OpenAsync(Deliveries)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_sent_again_is_refused()
    {
        await using var receiver = await EventReceiver.StartAsync();
        using var folder = new EventFolder(EventFolder.Endpoint("pipeline", receiver));
        await using var maintained = await StartAsync(folder);
        var visitor = await maintained.OpenPagesAsync();

        foreach (var (path, status) in new[]
        {
            (Replay, 400), ($"{Replay}?endpoint=other", 404), ($"{Replay}?endpoint=pipeline&position=x", 400), ($"{Replay}?endpoint=pipeline&position=999999", 200),
            ($"{Path}/deliveries", 400), ($"{Path}/deliveries?endpoint=other", 404), ($"{Deliveries}&state=lost", 400),
        })
        {
            Assert.Equal((path, status), (path, (await visitor.OpenAsync(path)).Status));
        }

        Assert.Contains("does not keep this change any more", (await visitor.OpenAsync($"{Replay}?endpoint=pipeline&position=999999")).Text, StringComparison.Ordinal);
        Check.Status(404, await SubmitAsync(visitor, ("endpoint", "other"), ("since", "2026-11-30T18:00Z")));
        Check.Status(400, await SubmitAsync(visitor, ("endpoint", "pipeline")));
        var fault = Check.Status(400, await SubmitAsync(visitor, ("endpoint", "pipeline"), ("since", "<b>yesterday</b>")));
        Assert.Contains("&lt;b&gt;yesterday&lt;/b&gt;&#39;; it must be a time with its offset from UTC", fault.Text, StringComparison.Ordinal);

        maintained.Registry.Host.ReadOnly.TurnOn();
        Assert.Contains("The registry is read-only, so nothing is sent.", Check.Status(200, await visitor.OpenAsync(Path)).Text, StringComparison.Ordinal);
        Check.Status(405, await SubmitAsync(visitor, ("endpoint", "pipeline"), ("since", "2026-11-30T18:00Z")));
        maintained.Registry.Host.ReadOnly.TurnOff();

        visitor.Headers.Add(("Origin", "https://evil.example"));
        Check.Status(403, await SubmitAsync(visitor, ("endpoint", "pipeline"), ("since", "2026-11-30T18:00Z")));
        Assert.Equal(0, (await maintained.Registry.Host.Events!.ReadStatusAsync()).Single().Replays);
    }

    private static Task<Answer> SubmitAsync(Visitor visitor, params (string Name, string Value)[] fields) => visitor.SubmitAsync($"{Replay}?endpoint=pipeline", Replay, fields);

    private static async Task<MaintainedRegistry> StartAsync(EventFolder folder, TimeProvider? time = null)
    {
        var maintained = await MaintainedRegistry.StartAsync(folder.Configure, time);
        await EventFolder.BegunAsync(maintained.Registry);
        return maintained;
    }
}
