using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Blobs;

namespace Registry.Core.Tests.Fuzzing.Registries;

/// <summary>A process with a data folder.</summary>
/// <param name="references">Which references must exist.</param>
/// <param name="trash">Time that deleted manifests stay in the trash; zero for no trash.</param>
internal sealed class FuzzedFolder(ManifestReferences references, TimeSpan trash) : IFuzzedRegistry
{
    private readonly TemporaryFolder _folder = new("fuzz", isInMemory: true);
    private TestStorage? _opened;
    private int _generation;

    public RegistryStorage Storage => Opened.Storage;

    public RegistryCore Core => Opened.Core;

    // No client could use an upload while the server was down.
    public bool StartsIdleTimes => true;

    public DateTimeOffset Now => Opened.Time.GetUtcNow();

    private TestStorage Opened => _opened ?? throw new InvalidOperationException("The storage is closed.");

    public string Choose() => string.Empty;

    public Task AdvanceAsync(int seconds)
    {
        Opened.Time.Advance(TimeSpan.FromSeconds(seconds));
        return Task.CompletedTask;
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    // What a kill leaves behind is what the kernel has: the files as they are, without the locks, and without what was in memory.
    public async Task KillAsync()
    {
        FuzzedLog.ExpectQuiet(Opened.Log);
        var killed = Opened;
        CopyData(killed.Path, _folder.Folder($"{_generation + 1}"));
        killed.Storage.Health.Fail("killed");
        await killed.DisposeAsync();
        Directory.Delete(killed.Path, recursive: true);
        _generation++;
        await StartAsync();
    }

    public async Task<IReadOnlyList<Digest>?> LoseDatabaseAsync()
    {
        await StopAsync();
        var paths = Opened.Paths;
        List<Digest> stored = [.. BlobPlaces.Enumerate(paths).Where(digest => File.Exists(paths.BlobData(digest)))];
        DatabaseFiles.SetAside(paths);
        DatabaseFiles.RemoveSetAside(paths);
        await StartAsync();
        return stored;
    }

    public Task<byte[]?> ReadStoredAsync(Digest digest) => Storage.Blobs.ReadAsync(digest);

    public Task<IReadOnlyList<Digest>> ListStoredAsync() => Storage.Blobs.ListStoredAsync();

    public async Task StartAsync()
    {
        if (_opened is not null)
        {
            await _opened.DisposeAsync();
            _opened = null;
        }

        _opened = await TestStorage.CreateAsync(_folder.Folder($"{_generation}"), TimeSpan.FromSeconds(RegistryModel.Grace), references, trash: trash);
    }

    public async Task StopAsync()
    {
        await Core.Collector.SaveClockAsync();
        await Opened.CloseAsync();
        FuzzedLog.ExpectQuiet(Opened.Log);
    }

    public async ValueTask DisposeAsync()
    {
        if (_opened is not null)
        {
            await _opened.DisposeAsync();
        }

        _folder.Dispose();
    }

    private static void CopyData(string from, string to)
    {
        // The database first: what the tree is given meanwhile is in the copied changes, too.
        string[] database = [Path.Combine(from, "registry.db"), Path.Combine(from, "registry.db-wal")];
        string[] others = [.. database, Path.Combine(from, "registry.db-shm"), Path.Combine(from, "registry.lock")];
        foreach (var file in database.Where(File.Exists))
        {
            CopyFile(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var entry in new DirectoryInfo(from).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Where(entry => !others.Contains(entry.FullName)))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, entry.FullName));
            if (entry is DirectoryInfo)
            {
                Directory.CreateDirectory(target);
            }
            else
            {
                CopyFile(entry.FullName, target);
            }
        }
    }

    // Without a lock, which a writer of the file would notice.
    private static void CopyFile(string from, string to)
    {
        try
        {
            using var source = File.OpenHandle(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[RandomAccess.GetLength(source)];
            File.WriteAllBytes(to, bytes[..RandomAccess.Read(source, bytes, 0)]);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // The tree's mirror has just removed it.
        }
    }
}
