using System.Net;
using System.Text.Json.Nodes;
using Registry.Core.Access;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Http;

/// <summary>Bodies that are held in memory, of clients that stop before the end. What they hold is counted in bytes, not measured.</summary>
[Collection(Alone.Name)]
public sealed class HeldBodyTests
{
    private const int MiB = 1024 * 1024;
    private const int Attackers = 400;
    private const int Size = 256 * 1024;

    // Attackers use another address of the loopback network than honest clients.
    private static readonly IPAddress Elsewhere = IPAddress.Parse("127.0.0.2");

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task Manifests_that_stop_one_byte_before_their_end_do_not_keep_honest_pushes_out(TransportKind transport)
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Transport = transport, RequestMemory = 32 * MiB });
        await StallAsync(registry, $"PUT /v2/held/manifests/latest HTTP/1.1\r\nHost: r\r\nContent-Type: {TestImage.OciManifest}\r\n");
    }

    [Fact]
    public async Task Forms_that_stop_one_byte_before_their_end_do_not_keep_honest_pushes_out()
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options =>
            folder.Configure(options, AuthenticationKind.BuiltInToken) with { RequestMemory = 32 * MiB });
        var token = await registry.Client.GetAnswerAsync(
            $"/token?service={AccessFolder.Service}&scope=repository:held:pull,push", AccessFolder.Basic("admin"));
        registry.Client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {token.Json.GetProperty("token").GetString()}");

        await StallAsync(registry, "POST /token HTTP/1.1\r\nHost: r\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    }

    [Theory]
    [InlineData(TransportKind.Direct, 1000)]
    [InlineData(TransportKind.Direct, 4 * MiB)]
    [InlineData(TransportKind.Kestrel, 1000)]
    public async Task A_manifest_that_stops_one_byte_before_its_end_is_408_at_the_deadline_however_much_came(TransportKind transport, int size)
    {
        await using var registry = await TestRegistry.StartAsync(options =>
            options with { Transport = transport, Limits = new ConnectionTimes { HeldBody = TimeSpan.FromSeconds(2) } });
        using var connection = await RawConnection.OpenAsync(registry);
        await connection.SendAsync($"PUT /v2/held/manifests/latest HTTP/1.1\r\nHost: r\r\nContent-Length: {size}\r\n\r\n");
        await connection.SendAsync(new byte[size - 1]);

        var answer = Check.Error(408, "SIZE_INVALID", "the request body arrived too slowly", await connection.ReadAnswerAsync());

        Assert.Equal($"the client sent only {size - 1} bytes within 2 seconds; a manifest or form must be complete by then", Assert.Single(Check.Details(answer)));
        Assert.Equal("close", answer["Connection"]);
        Assert.True(await connection.IsClosedAsync());
        Assert.Equal(0, registry.Host.Memory.Bodies.Used);
    }

    [Fact]
    public async Task An_announced_length_reserves_little_before_16_KiB_have_arrived()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { RequestMemory = 32 * MiB });
        var connections = new List<RawConnection>();
        try
        {
            for (var i = 0; i < 50; i++)
            {
                connections.Add(await RawConnection.OpenAsync(registry));
                await connections[i].SendAsync($"PUT /v2/held/manifests/latest HTTP/1.1\r\nHost: r\r\nContent-Length: {4 * MiB}\r\n\r\n{{");
            }

            await Eventually.HoldsAsync(() => Task.FromResult(registry.Host.Memory.Bodies.Used > 0), "a body has arrived");
            await registry.Client.PushAsync("held", TestImage.Create(), "latest");
            Assert.InRange(registry.Host.Memory.Bodies.Used, 1, 50 * 16 * 1024);
            Assert.Equal(0, registry.Host.Memory.Bodies.Refused);
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }

        await Eventually.HoldsAsync(() => Task.FromResult(registry.Host.Memory.Bodies.Used == 0), "all bodies are over");
    }

    [Fact]
    public async Task Many_of_the_largest_manifests_at_once_take_turns_and_are_all_stored()
    {
        const int Pushes = 12;
        await using var registry = await TestRegistry.StartAsync(options => options with { RequestMemory = 32 * MiB });
        var stored = 0;
        await Task.WhenAll(Enumerable.Range(0, Pushes).Select(async i =>
        {
            var image = TestImage.Index([], json => json["annotations"] = new JsonObject { ["a"] = new string('a', 4_000_000), ["i"] = $"{i}" });
            for (var answer = await PutAsync(); answer.Status != 201; answer = await PutAsync())
            {
                // A slow machine may not serve all within the time for which they wait.
                Assert.Contains(answer.Status, (int[])[429, 503]);
                Assert.Equal("5", answer["Retry-After"]);
            }

            Interlocked.Increment(ref stored);

            Task<Answer> PutAsync() => registry.Client.PutManifestAsync("held", $"v{i}", image);
        }));

        Assert.Equal(Pushes, stored);
        Assert.Equal(0, registry.Host.Memory.Bodies.Used);
    }

    // Each attacker sends all but the last byte, and waits. Meanwhile images are pushed and pulled.
    private static async Task StallAsync(TestRegistry registry, string head)
    {
        var bodies = registry.Host.Memory.Bodies;
        var connections = new List<RawConnection>();
        try
        {
            for (var i = 0; i < Attackers; i++)
            {
                connections.Add(await RawConnection.OpenAsync(registry.Client.BaseAddress!, Elsewhere));
            }

            var stalled = Task.WhenAll(connections.Select(connection => StopBeforeTheEndAsync(connection, head)));
            await Eventually.HoldsAsync(
                () => Task.FromResult(bodies.Refused > 0), "the attackers hold all there is");
            for (var i = 0; i < 5; i++)
            {
                var image = await registry.Client.PushAsync("held", TestImage.Create(), $"v{i}");
                Assert.Equal(image.Manifest.Bytes, Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/held/manifests/v{i}")).Body);
                Assert.InRange(bodies.Used, 0, bodies.Limit);
            }

            await stalled;
        }
        finally
        {
            connections.ForEach(connection => connection.Reset());
        }

        await Eventually.HoldsAsync(() => Task.FromResult(bodies.Used == 0), "all bodies are over");
    }

    private static async Task StopBeforeTheEndAsync(RawConnection connection, string head)
    {
        try
        {
            await connection.SendAsync($"{head}Content-Length: {Size}\r\n\r\n");
            await connection.SendAsync(new byte[Size - 1]);
        }
        catch (Exception e) when (e.IsLostConnection())
        {
            // Refused.
        }
    }
}
