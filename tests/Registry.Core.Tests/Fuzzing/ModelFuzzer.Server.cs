using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Uploads;
using Registry.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Blobs;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>Events of the server: the clock advances, the server collects, stops, is killed, or loses its database.</summary>
internal sealed partial class ModelFuzzer
{
    private const int Grace = RegistryModel.Grace;
    private const int UploadTimeout = 100;

    private Task LetTimePassAsync()
    {
        var seconds = OneIn(10) ? _random.Next(1, 3 * Grace) : _random.Next(1, Grace / 4);
        Trace($"{seconds} seconds pass");
        Advance(seconds);
        return Task.CompletedTask;
    }

    private void Advance(int seconds)
    {
        Storage.Time.Advance(TimeSpan.FromSeconds(seconds));
        _model.Now += seconds;
    }

    private async Task CollectAsync()
    {
        Trace("collect");
        await Storage.Collector.RunAsync(default);
        foreach (var (name, repository) in _model.Repositories)
        {
            foreach (var digest in repository.Manifests.Keys.ToList())
            {
                if (await Storage.Storage.Metadata.FindManifestAsync(name, digest) is not null)
                {
                    continue;
                }

                Expect(!repository.Holds(digest), $"the manifest {digest} of {name} was collected, and something holds it");
                Expect(!repository.IsRoot(digest), $"the manifest {digest} of {name} was collected, and was pushed for itself");
                var kept = repository.ManifestKeptUntil(digest);
                Expect(_model.Now > kept, $"the manifest {digest} of {name} was collected {kept - _model.Now} seconds before the end of its grace period or promise");
                repository.Delete(digest, _model.EndOfGrace);
            }

            foreach (var digest in repository.Links.ToList())
            {
                if (await Storage.Storage.Metadata.FindBlobAsync(name, digest) is not null)
                {
                    continue;
                }

                Expect(!repository.Needs(digest), $"the blob {digest} of {name} was collected, and a manifest needs it");
                var kept = repository.KeptUntil(digest);
                Expect(_model.Now > kept, $"the blob {digest} of {name} was collected {kept - _model.Now} seconds before the end of its grace period or promise");
                repository.Unlink(digest);
            }
        }
    }

    private async Task ExpireUploadsAsync()
    {
        Trace("expire uploads");
        await new UploadExpiry(Storage.Storage.Uploads, TimeSpan.FromSeconds(UploadTimeout), NullLogger<UploadExpiry>.Instance).RunAsync(default);
        _model.Uploads.RemoveAll(upload => _model.Now - upload.LastUsed >= UploadTimeout);
        await CompareUploadsAsync();
    }

    private async Task RestartAsync()
    {
        Trace("restart");
        await StopAsync();
        await OpenAsync();
        await CompareAsync();
    }

    // What a kill leaves behind is what the kernel has: the files as they are, without the locks, and without what was in memory.
    private async Task KillAsync()
    {
        // What clients were told last holds after it, too.
        for (var i = 0; i < 5; i++)
        {
            await HeadBlobAsync();
        }

        Trace("kill");
        ExpectQuietLog();
        var killed = Storage;
        var copy = _folder.Folder($"{_generation + 1}");
        CopyData(killed.Path, copy);
        killed.Storage.Health.Fail("killed");
        await killed.DisposeAsync();
        Directory.Delete(killed.Path, recursive: true);
        _generation++;
        await OpenAsync();
        await CompareAsync();
    }

    private async Task ReindexAsync()
    {
        Trace("lose the database and index the tree");
        await StopAsync();
        _model.Leftovers.UnionWith(
            BlobPlaces.Enumerate(Storage.Paths).Where(digest => File.Exists(Storage.Paths.BlobData(digest))).Except(_model.Stored()));
        DatabaseFiles.SetAside(Storage.Paths);
        DatabaseFiles.RemoveSetAside(Storage.Paths);
        _model.Uploads.Clear();
        foreach (var repository in _model.Repositories.Values)
        {
            repository.KeepAll(_model.EndOfGrace);
        }

        await OpenAsync();
        await CompareAsync();
    }

    // Everything that nothing needs is given time to go; then what is left must be exactly what manifests need.
    private async Task SettleAsync()
    {
        Trace("settle");
        for (var left = 4; left > 0; left--)
        {
            var before = _model.Repositories.Values.Sum(repository => repository.Manifests.Count);
            Advance(Grace + 1);
            await CollectAsync();
            if (_model.Repositories.Values.Sum(repository => repository.Manifests.Count) < before)
            {
                // What that held begins its grace period only now.
                left = 5;
            }
        }

        await CompareAsync();
        foreach (var (name, repository) in _model.Repositories)
        {
            var bereft = repository.Manifests.Keys.Where(digest => !repository.Holds(digest) && !repository.IsRoot(digest)).ToList();
            Expect(bereft.Count == 0, $"{name} still has the manifests {string.Join(", ", bereft)}, which nothing holds");
            var idle = repository.Links.Where(digest => !repository.Needs(digest)).ToList();
            Expect(idle.Count == 0, $"{name} still has the blobs {string.Join(", ", idle)}, which nothing needs");
        }

        var tooMany = (await Storage.Storage.Blobs.ListStoredAsync()).Except(_model.Stored()).Except(_model.Leftovers).ToList();
        Expect(tooMany.Count == 0, $"the bytes of {string.Join(", ", tooMany)} are left, and nothing needs them");
        await StopAsync();
    }

    private async Task OpenAsync()
    {
        if (_opened is not null)
        {
            await _opened.DisposeAsync();
            _opened = null;
        }

        _opened = await TestStorage.CreateAsync(_folder.Folder($"{_generation}"), TimeSpan.FromSeconds(Grace), _references);

        // No client could use an upload while the server was down.
        _model.Uploads.ForEach(upload => upload.LastUsed = _model.Now);
    }

    private async Task StopAsync()
    {
        await Storage.Collector.SaveClockAsync();
        await Storage.CloseAsync();
        ExpectQuietLog();
    }

    private void ExpectQuietLog()
    {
        var complaints = Storage.Log.Entries.Where(entry => entry.Level >= LogLevel.Warning).ToList();
        Expect(complaints.Count == 0, $"the log has complaints: {string.Join("; ", complaints)}");
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
