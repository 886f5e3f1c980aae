using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Transport.Fixtures;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport;

/// <summary>Files that change while they are being sent.</summary>
public sealed class ChangingFileTests
{
    private const int Size = 32 * 1024 * 1024;
    private static readonly TestBlob Huge = Samples.Make("changing", Size);

    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task A_blob_that_is_deleted_meanwhile_arrives_whole(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        using var wire = await Wire.BeginDownloadAsync(registry, Huge);

        Check.Status(202, await registry.Client.RequestAsync("DELETE", Samples.Path(Huge)));
        File.Delete(FileOf(registry));

        await Answer("200 changing")(wire);
        await Send(Get(Huge))(wire);
        await Answer("404 BLOB_UNKNOWN")(wire);
        await StaysOpen(wire);
    }

    // Blobs never change, but a failing disk looks like this: the client must neither take a part for the whole nor wait for the rest.
    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task A_file_that_shrinks_meanwhile_ends_the_answer_and_the_connection(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        using var wire = await Wire.BeginDownloadAsync(registry, Huge);

        using (var file = new FileStream(FileOf(registry), FileMode.Open, FileAccess.Write))
        {
            file.SetLength(Size - 1000);
        }

        var (bytes, _) = await wire.ReceiveRestAsync();
        var body = bytes.AsSpan(bytes.AsSpan().IndexOf("\r\n\r\n"u8) + 4);
        Assert.InRange(body.Length, 1, Size - 1000);
        Assert.True(body.SequenceEqual(Huge.Bytes.AsSpan(0, body.Length)));
        await Reconnect(wire);
        await StaysOpen(wire);
    }

    private static async Task<TestRegistry> StartAsync(TransportKind transport)
    {
        var registry = await TestRegistry.StartAsync(options => options with { Transport = transport }, isOnDisk: true);
        await registry.Client.PushBlobAsync("t", Huge);
        return registry;
    }

    private static string FileOf(TestRegistry registry) =>
        new DirectoryInfo(registry.StoragePath).EnumerateFiles("*", SearchOption.AllDirectories).Single(file => file.Length == Size).FullName;
}
