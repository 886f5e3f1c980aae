using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Uploads;

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
        return AdvanceAsync(seconds);
    }

    private async Task AdvanceAsync(int seconds)
    {
        await _registry.AdvanceAsync(seconds);
        _model.Now += seconds;
    }

    private async Task CollectAsync()
    {
        Trace("collect");
        await Core.Collector.RunAsync(default);
        await ExpireTrashAsync();
        foreach (var (name, repository) in _model.Repositories)
        {
            foreach (var digest in repository.Manifests.Keys.ToList())
            {
                if (await Storage.Metadata.FindManifestAsync(name, digest) is not null)
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
                if (await Storage.Metadata.FindBlobAsync(name, digest) is not null)
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
        await new UploadExpiry(Storage.Uploads, TimeSpan.FromSeconds(UploadTimeout), NullLogger<UploadExpiry>.Instance).RunAsync(default);
        _model.Uploads.RemoveAll(upload => _model.Now - upload.LastUsed >= UploadTimeout);
        await CompareUploadsAsync();
    }

    private async Task RestartAsync()
    {
        Trace("restart");
        await _registry.RestartAsync();
        ForgetIdleTimes();
        await CompareAsync();
    }

    private async Task KillAsync()
    {
        // What clients were told last holds after it, too.
        for (var i = 0; i < 5; i++)
        {
            await HeadBlobAsync();
        }

        Trace("kill");
        await _registry.KillAsync();
        ForgetIdleTimes();
        await CompareAsync();
    }

    private async Task ReindexAsync()
    {
        if (await _registry.LoseDatabaseAsync() is not { } stored)
        {
            return;
        }

        Trace("lose the database and index the tree");
        foreach (var repository in _model.Repositories.Values)
        {
            repository.Trash.Clear();
        }

        _model.Leftovers.UnionWith(stored.Except(_model.Stored()));
        _model.Uploads.Clear();
        foreach (var repository in _model.Repositories.Values)
        {
            repository.KeepAll(_model.EndOfGrace);
        }

        await CompareAsync();
    }

    // Everything that nothing needs is given time to go; then what is left must be exactly what manifests need.
    private async Task SettleAsync()
    {
        Trace("settle");
        for (var left = 4; left > 0; left--)
        {
            var before = _model.Repositories.Values.Sum(repository => repository.Manifests.Count + repository.Trash.Count);
            await AdvanceAsync(Grace + 1);
            await CollectAsync();
            if (_model.Repositories.Values.Sum(repository => repository.Manifests.Count + repository.Trash.Count) < before)
            {
                // What that held begins its grace period only now.
                left = 5;
            }
        }

        await ExpireUploadsAsync();
        await CompareAsync();
        foreach (var (name, repository) in _model.Repositories)
        {
            Expect(repository.Trash.Count == 0, $"{name} still has {string.Join(", ", repository.Trash.Keys)} in the trash");
            var bereft = repository.Manifests.Keys.Where(digest => !repository.Holds(digest) && !repository.IsRoot(digest)).ToList();
            Expect(bereft.Count == 0, $"{name} still has the manifests {string.Join(", ", bereft)}, which nothing holds");
            var idle = repository.Links.Where(digest => !repository.Needs(digest)).ToList();
            Expect(idle.Count == 0, $"{name} still has the blobs {string.Join(", ", idle)}, which nothing needs");
        }

        var tooMany = (await _registry.ListStoredAsync()).Except(_model.Stored()).Except(_model.Leftovers).ToList();
        Expect(tooMany.Count == 0, $"the bytes of {string.Join(", ", tooMany)} are left, and nothing needs them");
        await _registry.StopAsync();
    }

    private void ForgetIdleTimes()
    {
        if (_registry.StartsIdleTimes)
        {
            _model.Uploads.ForEach(upload => upload.LastUsed = _model.Now);
        }
    }
}
