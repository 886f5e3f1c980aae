using Microsoft.Data.Sqlite;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files.Tests;

/// <summary>Causes of faults: the same words for all faults with the same cause, and what the operator can do.</summary>
public sealed class StorageFaultTests
{
    [Theory]
    [InlineData(28, "the disk is full", "Make room on the disk")]
    [InlineData(122, "the disk is full", "Make room on the disk")]
    [InlineData(30, "the file system is mounted read-only", "Mount the file system for writing")]
    [InlineData(5, "the disk reports an error (EIO)", "Check the disk")]
    [InlineData(24, "too many files are open", "Raise the limit")]
    public void An_error_of_the_system_has_words_without_its_path(int errno, string reason, string remedy)
    {
        var one = new IOException("Words : '/data/blobs/a'", errno);
        var other = new IOException("Words : '/data/blobs/b'", errno);

        AssertCause(reason, remedy, StorageFault.CauseOf(new StorageException(one.Message, one)));
        AssertCause(reason, remedy, StorageFault.CauseOf(new StorageException(other.Message, other)));
    }

    [Fact]
    public void A_missing_permission_names_the_user()
    {
        var denied = new UnauthorizedAccessException("Access to the path '/data/blobs/a' is denied.");

        AssertCause("permission denied for the user with id ", "Give the user of the registry access", StorageFault.CauseOf(new StorageException(denied.Message, denied)));
    }

    [Fact]
    public void A_fault_of_the_database_names_it()
    {
        var broken = new SqliteException("SQLite Error 10: 'disk I/O error'.", 10);

        AssertCause(
            "The metadata could not be read", "registry.db", StorageFault.CauseOf(new StorageException("The metadata could not be read: disk I/O error.", broken)));
    }

    [Fact]
    public void Stopped_writes_have_the_reason_that_stopped_them() => AssertCause(
        "Writes have stopped: fsync", "Check the disk", StorageFault.CauseOf(new StorageException("Writes have stopped: fsync")));

    [Fact]
    public void A_mistake_of_the_program_has_no_cause_that_an_operator_can_remove() =>
        Assert.Null(StorageFault.CauseOf(new StorageException("broken", new InvalidOperationException("broken"))));

    private static void AssertCause(string reason, string remedy, FaultCause? cause)
    {
        Assert.NotNull(cause);
        Assert.StartsWith(reason, cause.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("/data/blobs", cause.Reason, StringComparison.Ordinal);
        Assert.Contains(remedy, cause.Remedy, StringComparison.Ordinal);
    }
}
