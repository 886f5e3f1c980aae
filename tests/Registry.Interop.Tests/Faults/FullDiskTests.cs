using System.Net;
using Registry.Testing;
using Registry.Testing.Layouts;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Faults;

/// <summary>The disk fills up in the middle of a push: the client gets an error that tells so, other requests work, and deleting frees space again.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private const int Megabyte = 1024 * 1024;

    private readonly TemporaryFolder _disk = new("full");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Root("mount");
        await new Command("mount", "mount").RunAsync("-t", "tmpfs", "-o", "size=32m", "tmpfs", _disk.Path);
    }

    public async ValueTask DisposeAsync()
    {
        if (Environment.IsPrivilegedProcess)
        {
            await new Command("umount", "mount").RunAsync(_disk.Path);
        }

        _disk.Dispose();
    }

    [Fact]
    public async Task A_push_that_does_not_fit_is_507_and_pulls_and_deletes_go_on()
    {
        var settings = new Dictionary<string, string?> { ["REGISTRY_STORAGE_RESERVE"] = "0" };
        await using RegistryProcess registry = await RegistryProcess.StartAsync(Path.Combine(_disk.Path, "data"), settings, cancellationToken: Cancellation);
        using var http = new RegistryHttp(registry.BaseAddress);
        byte[] fits = TarArchive.RandomPayload(10 * Megabyte);
        string digest = OciLayoutBuilder.DigestOf(fits);
        await http.PushBlobAsync("full/disk", fits, Cancellation);

        string location = await http.StartUploadAsync("full/disk", Cancellation);
        using (var tooMuch = new ByteArrayContent(TarArchive.RandomPayload(30 * Megabyte)))
        using (HttpResponseMessage refused = await http.SendAsync(HttpMethod.Patch, location, tooMuch, Cancellation))
        {
            await RegistryHttp.ExpectAsync(refused, HttpStatusCode.InsufficientStorage);
            Assert.Contains("no space left on device", await refused.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        }

        Assert.Equal(fits, await http.ReadBlobAsync("full/disk", digest, Cancellation));
        using (HttpResponseMessage cancelled = await http.SendAsync(HttpMethod.Delete, location, cancellationToken: Cancellation))
        {
            await RegistryHttp.ExpectAsync(cancelled, HttpStatusCode.NoContent);
        }

        // Room again, without a restart.
        await http.PushBlobAsync("full/disk", TarArchive.RandomPayload(8 * Megabyte), Cancellation);
        using (HttpResponseMessage deleted = await http.SendAsync(
            HttpMethod.Delete, $"/v2/full/disk/blobs/{digest}", cancellationToken: Cancellation))
        {
            await RegistryHttp.ExpectAsync(deleted, HttpStatusCode.Accepted);
        }

        // Refusing is no mistake of the server's: one line says what happened, and no stack trace.
        Assert.Contains("could not be served by the storage: No space left", registry.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", registry.Output, StringComparison.Ordinal);
    }
}
