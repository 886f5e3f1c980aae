using System.Text.Json.Nodes;
using Registry.Core.Metadata;
using Registry.Server.Configuration;

namespace Registry.Server.Tests.Manifests;

/// <summary>REGISTRY_MANIFEST_MAX_SIZE: 4 MiB unless it is set higher.</summary>
public sealed class ManifestSizeTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private const int Default = 4 * 1024 * 1024;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_largest_manifest_is_stored_and_one_byte_more_is_413(bool streamed)
    {
        var (largest, tooLarge) = (await SizedAsync(fixture.Client, Default), await SizedAsync(fixture.Client, Default + 1));

        Check.Status(201, await PutAsync(fixture.Client, "largest", largest.Manifest.Bytes, streamed));
        var refused = await PutAsync(fixture.Client, "too-large", tooLarge.Manifest.Bytes, streamed);

        Check.Error(413, "MANIFEST_INVALID", "manifest too large", refused);
        Assert.Equal([$"at most {Default} bytes are accepted"], Check.Details(refused));
        Assert.Equal(largest.Manifest.Bytes, (await fixture.Client.GetAnswerAsync("/v2/size/manifests/largest")).Body);
        Check.Status(404, await fixture.Client.HeadAnswerAsync("/v2/size/manifests/too-large"));
    }

    [Fact]
    public async Task What_is_announced_too_large_is_refused_before_it_is_sent()
    {
        using var connection = await RawConnection.OpenAsync(fixture.Registry);

        await connection.SendAsync("PUT /v2/size/manifests/announced HTTP/1.1\r\nHost: registry\r\nContent-Length: 99999999999\r\n\r\n");

        Check.Status(413, await connection.ReadAnswerAsync());
    }

    [Fact]
    public async Task An_endless_body_is_refused_at_the_limit()
    {
        using var connection = await RawConnection.OpenAsync(fixture.Registry);
        await connection.SendAsync("PUT /v2/size/manifests/endless HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n");
        var chunk = $"10000\r\n{new string(' ', 0x10000)}\r\n";
        for (var sent = 0; sent <= Default; sent += 0x10000)
        {
            await connection.SendAsync(chunk);
        }

        Check.Status(413, await connection.ReadAnswerAsync());
    }

    [Theory]
    [InlineData("layers")]
    [InlineData("manifests")]
    public async Task A_manifest_with_more_layers_or_children_than_the_limit_is_413(string key)
    {
        await using var registry = await TestRegistry.StartAsync(
            options => options with { ManifestMaxDescriptors = 1000, ManifestReferences = ManifestReferences.Sparse });

        Check.Status(201, await PutAsync(1000));
        var refused = await PutAsync(1001);

        Check.Error(413, "MANIFEST_INVALID", "manifest too large", refused);
        Assert.Equal([$"{key} has 1001 entries; at most 1000 are accepted"], Check.Details(refused));

        Task<Answer> PutAsync(int count)
        {
            var entries = new JsonArray([.. Enumerable.Range(0, count).Select(i => Entry($"{i}"))]);
            var manifest = new JsonObject { ["schemaVersion"] = 2, [key] = entries };
            if (key == "layers")
            {
                manifest["config"] = Entry("config");
            }

            return registry.Client.RequestAsync("PUT", "/v2/size/manifests/many", System.Text.Encoding.UTF8.GetBytes(manifest.ToJsonString()));
        }

        static JsonNode Entry(string text) =>
            new JsonObject { ["mediaType"] = "application/example", ["digest"] = TestBlob.OfText(text).Digest, ["size"] = text.Length };
    }

    [Fact]
    public async Task The_limit_can_be_raised()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { ManifestMaxSize = 2 * Default });
        var (larger, tooLarge) = (await SizedAsync(registry.Client, 2 * Default), await SizedAsync(registry.Client, (2 * Default) + 1));

        Check.Status(201, await PutAsync(registry.Client, "larger", larger.Manifest.Bytes, streamed: false));
        Check.Status(413, await PutAsync(registry.Client, "too-large", tooLarge.Manifest.Bytes, streamed: false));
        Assert.Equal(larger.Manifest.Bytes, (await registry.Client.GetAnswerAsync("/v2/size/manifests/larger")).Body);
    }

    [Fact]
    public void The_limit_cannot_be_lowered_below_what_clients_may_count_on() => Assert.Single(
        OptionsReader.Read(new Dictionary<string, string> { ["REGISTRY_MANIFEST_MAX_SIZE"] = $"{Default - 1}" }).Faults);

    private static Task<Answer> PutAsync(HttpClient client, string tag, byte[] body, bool streamed) => streamed
        ? client.StreamAsync("PUT", $"/v2/size/manifests/{tag}", body, ("Content-Type", TestImage.OciManifest))
        : client.RequestAsync("PUT", $"/v2/size/manifests/{tag}", body, ("Content-Type", TestImage.OciManifest));

    // Many annotations, as the large manifests of real life have them.
    private static async Task<TestImage> SizedAsync(HttpClient client, int size)
    {
        TestImage Create(int last) => TestImage.Create(
            json => json["annotations"] = new JsonObject([
                .. Enumerable.Range(0, 390).Select(i => KeyValuePair.Create($"large-annotation-{i}", (JsonNode?)new string('A', 10_000))),
                KeyValuePair.Create("last", (JsonNode?)new string('A', last)),
            ]),
            layers: 0);
        var image = Create(size - Create(0).Manifest.Bytes.Length);
        Assert.Equal(size, image.Manifest.Bytes.Length);
        await client.PushBlobAsync("size", image.Blobs[0]);
        return image;
    }
}
