using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Load;

/// <summary>Answers that clients do not read, and listings of large rows: what they hold does not grow with their size.</summary>
[Collection(Alone.Name)]
public sealed class HeldAnswersTests
{
    private const long Mebibyte = 1024 * 1024;

    [Fact]
    public async Task A_large_manifest_is_not_held_for_clients_that_do_not_read_it()
    {
        const int Clients = 60;
        await using var registry = await TestRegistry.StartAsync();
        var image = await registry.Client.PushAsync("held", TestImage.Create(json => json["annotations"] = new JsonObject { ["a"] = new string('a', 4_000_000) }), "large");
        var pulled = await registry.Client.GetAnswerAsync("/v2/held/manifests/large");
        Assert.Equal(image.Manifest.Bytes, pulled.Body);

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var clients = new List<TcpClient>();
        try
        {
            for (var i = 0; i < Clients; i++)
            {
                var client = new TcpClient { ReceiveBufferSize = 4096 };
                clients.Add(client);
                await client.ConnectAsync(registry.Client.BaseAddress!.Host, registry.Client.BaseAddress.Port);
                await client.GetStream().WriteAsync("GET /v2/held/manifests/large HTTP/1.1\r\nHost: registry\r\n\r\n"u8.ToArray());
                var line = new byte[15];
                await client.GetStream().ReadExactlyAsync(line);
                Assert.Equal("HTTP/1.1 200 OK", Encoding.ASCII.GetString(line));
            }

            // Whole, they would be 240 MB.
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 32 * Mebibyte);
            Assert.Equal(200, (int)(await registry.Client.GetAnswerAsync("/v2/held/manifests/large")).Status);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task Referrers_with_annotations_of_megabytes_cost_a_listing_no_more_than_a_page()
    {
        const int Count = 30;
        await using var registry = await TestRegistry.StartAsync();
        var subject = await registry.Client.PushAsync("held", TestImage.Create());
        for (var i = 0; i < Count; i++)
        {
            await registry.Client.PushAsync("held", Referrer(subject, i, 4_000_000));
        }

        var before = GC.GetTotalAllocatedBytes(precise: true);
        var answer = await registry.Client.GetAnswerAsync($"/v2/held/referrers/{subject.Digest}");

        // As text, the annotations of all would be 240 MB, and as JSON once more.
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 96 * Mebibyte);
        Assert.Single(Manifests(answer.Text));
        Assert.NotNull(answer["Link"]);
    }

    [Fact]
    public async Task Annotations_that_are_larger_than_a_page_are_left_out()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { ManifestMaxSize = 16 * Mebibyte });
        var subject = await registry.Client.PushAsync("held", TestImage.Create());
        var referrer = await registry.Client.PushAsync("held", Referrer(subject, 0, 5_000_000));
        var answer = await registry.Client.GetAnswerAsync($"/v2/held/referrers/{subject.Digest}");
        var entry = Assert.Single(Manifests(answer.Text));
        Assert.Equal(referrer.Digest, (string)entry!["digest"]!);
        Assert.Null(entry["annotations"]);
    }

    [Fact]
    public async Task Annotations_that_a_listing_repeats_fill_pages_that_together_list_all()
    {
        const int Count = 40;
        await using var registry = await TestRegistry.StartAsync();
        var subject = await registry.Client.PushAsync("held", TestImage.Create());
        var pushed = new List<string>();
        for (var i = 0; i < Count; i++)
        {
            pushed.Add((await registry.Client.PushAsync("held", Referrer(subject, i, 250_000))).Digest);
        }

        var found = new List<string>();
        var pages = 0;
        for (string? next = $"/v2/held/referrers/{subject.Digest}"; next is not null; pages++)
        {
            var answer = await registry.Client.GetAnswerAsync(next);
            Assert.InRange(answer.Body.Length, 1, 4 * Mebibyte);
            found.AddRange(Manifests(answer.Text).Select(entry => (string)entry!["digest"]!));
            next = answer["Link"]?.Split('<', '>')[1];
        }

        Assert.InRange(pages, 3, 10);
        Assert.Equal(pushed.Order(StringComparer.Ordinal), found);
    }

    [Fact]
    public async Task Listings_that_are_not_read_give_way_to_those_of_other_clients()
    {
        const int Attackers = 64;
        await using var registry = await TestRegistry.StartAsync(options => options with { RequestMemory = 32 * Mebibyte });
        var subject = await registry.Client.PushAsync("held", TestImage.Create(), "subject");
        await registry.Client.PushAsync("held", Referrer(subject, 0, 4_000_000));
        var path = $"/v2/held/referrers/{subject.Digest}";
        var listings = registry.Host.Memory.Listings;
        var clients = new List<RawConnection>();
        try
        {
            for (var i = 0; i < Attackers; i++)
            {
                clients.Add(await RawConnection.OpenAsync(registry.Client.BaseAddress!, IPAddress.Parse("127.0.0.2"), receiveBuffer: 4096));
                await clients[i].SendAsync($"GET {path} HTTP/1.1\r\nHost: registry\r\n\r\n");
            }

            await Eventually.HoldsAsync(() => Task.FromResult(listings.Refused > 0), "listings hold all there is");
            for (var i = 0; i < 3; i++)
            {
                Assert.Single(Manifests(Check.Status(200, await registry.Client.GetAnswerAsync(path)).Text));
                Check.Status(200, await registry.Client.GetAnswerAsync("/v2/held/tags/list"));
                Assert.InRange(listings.Used, 0, listings.Limit);
            }
        }
        finally
        {
            clients.ForEach(client => client.Reset());
        }

        await Eventually.HoldsAsync(() => Task.FromResult(listings.Used == 0), "all listings are over");
    }

    [Fact]
    public async Task An_artifact_type_that_is_longer_than_media_types_are_is_left_out()
    {
        await using var registry = await TestRegistry.StartAsync();
        var subject = await registry.Client.PushAsync("held", TestImage.Create());
        var longest = $"application/{new string('a', 243)}";
        foreach (var type in new[] { longest, $"{longest}a", $"application/{new string('b', 1_000_000)}" })
        {
            await registry.Client.PushAsync("held", TestImage.Artifact(type, subject));
        }

        var answer = Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/held/referrers/{subject.Digest}"));
        Assert.Equal(["", "", longest], Manifests(answer.Text).Select(entry => (string?)entry!["artifactType"] ?? "").Order(StringComparer.Ordinal));
    }

    private static TestImage Referrer(TestImage subject, int i, int size) => TestImage.Artifact(
        "application/vnd.example.note", subject, json => json["annotations"] = new JsonObject { ["i"] = $"{i}", ["a"] = new string('a', size) });

    private static JsonArray Manifests(string index) => JsonNode.Parse(index)!["manifests"]!.AsArray();
}
