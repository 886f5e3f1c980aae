using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Load;

/// <summary>A layer that is far larger than the server's memory limit.</summary>
public sealed class BigLayerTests : IDisposable
{
    /// <summary>Size of the layer in MiB, when set: 5120 for the 5 GB of a large model or game.</summary>
    private const string SizeVariable = "REGISTRY_INTEROP_BIG_LAYER_MIB";

    private const int DefaultSizeMiB = 256;

    /// <summary>
    /// The runtime and ASP.NET Core with their code take 60 to 100 MiB; the rest is room for buffers and garbage. A server that keeps a
    /// layer in memory, even once, exceeds it with the smallest size.
    /// </summary>
    private const long ResidentLimit = 250L * 1024 * 1024;

    private readonly TemporaryFolder _storage = new("big");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _storage.Dispose();

    [Fact]
    public async Task A_big_layer_goes_in_and_out_without_being_held_in_memory()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(_storage.Path, cancellationToken: Cancellation);
        (string digest, long length) = await PushAsync(registry);

        await PullAsync(registry, $"/v2/load/big/blobs/{digest}", digest, length);

        AssertSmall(registry);
    }

    [Fact]
    public async Task A_big_layer_comes_through_a_mirror_to_several_clients_without_being_held_in_memory()
    {
        await using RegistryProcess upstream = await RegistryProcess.StartAsync(_storage.Folder("upstream"), cancellationToken: Cancellation);
        (string digest, long length) = await PushAsync(upstream);
        string configuration = _storage.File("mirror.json");
        await File.WriteAllTextAsync(
            configuration, $$"""{ "upstreams": [ { "name": "up.example", "url": "http://{{upstream.HostPort}}", "prefix": "up" } ] }""", Cancellation);
        await using RegistryProcess mirror = await RegistryProcess.StartAsync(
            _storage.Folder("mirror"), new Dictionary<string, string?> { ["REGISTRY_MIRROR_CONFIG"] = configuration }, cancellationToken: Cancellation);

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => PullAsync(mirror, $"/v2/up/load/big/blobs/{digest}", digest, length)));

        AssertSmall(mirror);
    }

    private static async Task<(string Digest, long Length)> PushAsync(RegistryProcess registry)
    {
        long length = 1024 * 1024 * long.Parse(
            Environment.GetEnvironmentVariable(SizeVariable) ?? DefaultSizeMiB.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        using var http = new RegistryHttp(registry.BaseAddress, TimeSpan.FromMinutes(10));
        using var content = new EndlessContent(length);
        string location = await http.StartUploadAsync("load/big", Cancellation);
        location = await http.PatchAsync(location, content, Cancellation);
        await http.FinishUploadAsync(location, content.Digest, cancellationToken: Cancellation);
        return (content.Digest, length);
    }

    private static async Task PullAsync(RegistryProcess registry, string path, string digest, long length)
    {
        using var http = new RegistryHttp(registry.BaseAddress, TimeSpan.FromMinutes(10));
        using HttpResponseMessage response = await http.GetAsync(path, Cancellation);
        await RegistryHttp.ExpectAsync(response, HttpStatusCode.OK);
        Assert.Equal(length, response.Content.Headers.ContentLength);
        await using Stream body = await response.Content.ReadAsStreamAsync(Cancellation);
        Assert.Equal(digest, "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(body, Cancellation)));
    }

    private static void AssertSmall(RegistryProcess registry)
    {
        long peak = registry.PeakResidentBytes;
        TestContext.Current.TestOutputHelper?.WriteLine($"Peak resident size: {peak / 1024 / 1024} MiB.");
        Assert.InRange(peak, 1, ResidentLimit);
    }

    /// <summary>A chunked body of any length from a block of random bytes, each time with another number at its start.</summary>
    private sealed class EndlessContent(long length) : HttpContent
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        /// <summary>Known once the content has been sent.</summary>
        public string Digest { get; private set; } = "";

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            byte[] block = RandomNumberGenerator.GetBytes(1024 * 1024);
            for (long sent = 0; sent < length; sent += block.Length)
            {
                BinaryPrimitives.WriteInt64LittleEndian(block, sent);
                _hash.AppendData(block);
                await stream.WriteAsync(block);
            }
            Digest = "sha256:" + Convert.ToHexStringLower(_hash.GetHashAndReset());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            _hash.Dispose();
            base.Dispose(disposing);
        }
    }
}
