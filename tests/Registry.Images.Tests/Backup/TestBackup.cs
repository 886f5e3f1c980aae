using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Storage;
using Registry.Images.Backup;

namespace Registry.Images.Tests.Backup;

/// <summary>Folder of a backup, and the data folder that it is restored to.</summary>
internal sealed class TestBackup : IDisposable
{
    private readonly TemporaryFolder _folder = new("backup", isInMemory: true);

    /// <summary>Folder for the files of the test; contains the other two.</summary>
    public string Path => _folder.Path;

    /// <summary>Folder of the backup; it does not exist before the first one.</summary>
    public string Target => System.IO.Path.Combine(Path, "backup");

    /// <summary>Data folder that backups are restored to; it does not exist before the first restore.</summary>
    public string Restored => System.IO.Path.Combine(Path, "restored");

    public void Dispose() => _folder.Dispose();

    /// <summary>Backs up a storage, which may be open.</summary>
    public Task<BackupReport> MakeAsync(
        TestStorage storage,
        int keep = 1,
        TimeProvider? time = null,
        IEnumerable<string>? files = null,
        string? target = null,
        IProgress<TransferProgress>? progress = null,
        CancellationToken cancellationToken = default) => BackupRun.RunAsync(
        storage.Path, target ?? Target, keep, files ?? [], time ?? TimeProvider.System, storage.Loggers, progress, cancellationToken);

    /// <summary>Restores a generation, the last one by default.</summary>
    public Task<RestoreReport> RestoreAsync(
        string? generation = null, IProgress<TransferProgress>? progress = null, CancellationToken cancellationToken = default) =>
        RestoreRun.RunAsync(Target, generation, Restored, TimeProvider.System, NullLoggerFactory.Instance, progress, cancellationToken);

    /// <summary>Checks that an operation is refused, and a part of the message.</summary>
    public static async Task AssertRefusedAsync(string message, Func<Task> action) =>
        Assert.Contains(message, (await Assert.ThrowsAsync<StorageException>(action)).Message, StringComparison.Ordinal);
}
