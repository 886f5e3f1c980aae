using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Registry.Files.Watching;

namespace Registry.Files.Tests.Watching;

public sealed class WatchedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly RecordedLog _log = new();
    private readonly ILoggerFactory _loggers;

    public WatchedFileTests()
    {
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        Write("first");
    }

    private string FilePath => Path.Combine(_folder.Path, "watched");

    [Fact]
    public async Task An_edit_is_in_force_within_a_second()
    {
        await using var file = Watch();
        Write("second");

        // Two periods at most until the first look, which may have begun before the edit, and one more.
        Assert.True(3 * WatchedFile<string>.Period < TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() =>
        {
            _time.Advance(WatchedFile<string>.Period);
            return file.Value == "second";
        });
    }

    [Fact]
    public async Task Half_an_edit_is_never_in_force()
    {
        await using var file = Watch();
        foreach (var half in new[] { "", "sec", "second" })
        {
            Write(half);
            file.Look();
            Assert.Equal("first", file.Value);
        }

        file.Look();
        Assert.Equal("second", file.Value);
        Assert.Equal($"{FilePath} was edited and is in force", Assert.Single(_log.Entries).Message);
    }

    [Fact]
    public async Task An_edit_that_is_taken_back_between_two_looks_changes_nothing()
    {
        await using var file = Watch();
        foreach (var content in new[] { "second", "first", "second", "first" })
        {
            Write(content);
            file.Look();
        }

        Assert.Equal("first", file.Value);
        Assert.Empty(_log.Entries);
    }

    // What reads the file may have mistakes of its own.
    [Theory]
    [InlineData(typeof(FormatException))]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(ArgumentOutOfRangeException))]
    public async Task Whatever_goes_wrong_is_said_once_and_the_last_good_version_stays(Type fault)
    {
        await using var file = Watch(text => text == "bad" ? throw (Exception)Activator.CreateInstance(fault, "no good")! : text);
        Write("bad");
        Look(file, 6);

        Assert.Equal("first", file.Value);
        var (level, message, _) = Assert.Single(_log.Entries);
        Assert.Equal(LogLevel.Error, level);
        Assert.StartsWith($"{FilePath} cannot be used, the last good version stays in force: ", message, StringComparison.Ordinal);
        Assert.Contains("no good", message, StringComparison.Ordinal);

        Write("second");
        Look(file, 2);
        Assert.Equal("second", file.Value);
    }

    [Fact]
    public async Task A_file_that_is_gone_for_a_moment_is_nothing_to_speak_of_and_one_that_stays_away_is()
    {
        await using var file = Watch();
        File.Delete(FilePath);
        file.Look();
        Write("first");
        file.Look();
        Assert.Empty(_log.Entries);

        File.Delete(FilePath);
        Look(file, 3);
        Assert.EndsWith(": there is no such file", Assert.Single(_log.Entries).Message, StringComparison.Ordinal);

        Write("first");
        Look(file, 2);
        Assert.Equal($"{FilePath} can be used again; its content has not changed", _log.Entries[^1].Message);
    }

    [Theory]
    [InlineData(typeof(FormatException))]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(System.Security.Cryptography.CryptographicException))]
    public void Whatever_goes_wrong_at_first_is_one_fault(Type fault)
    {
        var thrown = Assert.Throws<UnusableFileException>(() => Watch(_ => throw (Exception)Activator.CreateInstance(fault, "no good")!));
        Assert.Equal("no good", thrown.Message);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_said_in_plain_words()
    {
        Assert.Equal("it is a folder, not a file", Unusable(_folder.Path));
        Assert.Equal("there is no such file", Unusable(Path.Combine(_folder.Path, "none")));
        Assert.Equal("a part of the path is a file, not a folder", Unusable(Path.Combine(FilePath, "below")));
        Assert.Equal("it is a pipe or a device, not a file", Unusable("/dev/zero"));
    }

    [Fact]
    public async Task A_file_that_does_not_change_is_not_read_again_before_a_minute_is_over()
    {
        await using var file = Watch();
        Look(file, WatchedFile<string>.LooksAfterChange + 1);
        var settled = file.Reads;
        Look(file, WatchedFile<string>.LooksBetweenReads - WatchedFile<string>.LooksAfterChange - 1);
        Assert.Equal(settled, file.Reads);
        Look(file, 1);
        Assert.Equal(settled + 1, file.Reads);
    }

    // Each leaves something as it was: the size, or the time of the last write, or both.
    [Theory]
    [InlineData("in place")]
    [InlineData("in place, with the old time")]
    [InlineData("by another file, with the old time")]
    public async Task An_edit_of_a_settled_file_is_noticed_whatever_it_leaves_as_it_was(string edit)
    {
        await using var file = Watch();
        Look(file, WatchedFile<string>.LooksAfterChange + 3);
        var time = File.GetLastWriteTimeUtc(FilePath);
        var written = edit.StartsWith("by another", StringComparison.Ordinal) ? $"{FilePath}.new" : FilePath;
        File.WriteAllText(written, "other");
        if (edit.EndsWith("old time", StringComparison.Ordinal))
        {
            File.SetLastWriteTimeUtc(written, time);
        }

        if (written != FilePath)
        {
            File.Move(written, FilePath, overwrite: true);
        }

        Look(file, 2);
        Assert.Equal("other", file.Value);
    }

    [Fact]
    public async Task Only_so_much_is_read()
    {
        await using var file = Watch();
        using (var huge = File.OpenWrite(FilePath))
        {
            huge.SetLength(17 * 1024 * 1024);
        }

        Look(file, 3);
        Assert.Equal("first", file.Value);
        Assert.EndsWith("it has more than 16 MiB", Assert.Single(_log.Entries).Message, StringComparison.Ordinal);
    }

    // As Kubernetes swaps the files of a ConfigMap: the name stays, and so may the times.
    [Fact]
    public async Task A_symbolic_link_that_points_elsewhere_is_an_edit()
    {
        var link = Path.Combine(_folder.Path, "link");
        var other = Path.Combine(_folder.Path, "other");
        File.WriteAllText(other, "second");
        File.SetLastWriteTimeUtc(other, File.GetLastWriteTimeUtc(FilePath));
        File.CreateSymbolicLink(link, FilePath);
        await using var file = new WatchedFile<string>(link, Encoding.UTF8.GetString, _time, _loggers.CreateLogger("files"));
        File.Delete(link);
        File.CreateSymbolicLink(link, other);
        Look(file, 2);
        Assert.Equal("second", file.Value);
    }

    [Fact]
    public async Task An_edit_of_a_file_that_it_names_is_in_force_too()
    {
        var (first, second) = (Path.Combine(_folder.Path, "first"), Path.Combine(_folder.Path, "second"));
        File.WriteAllText(first, "1");
        Write(first);
        await using var file = new WatchedFile<string>(FilePath, ReadNamed, _time, _loggers.CreateLogger("files"), value => [value.Split('=')[0]]);
        Assert.Equal($"{first}=1", file.Value);

        File.WriteAllText(first, "2");
        Look(file, 2);
        Assert.Equal($"{first}=2", file.Value);
        Assert.Equal($"A file that {FilePath} names was edited and is in force", Assert.Single(_log.Entries).Message);

        // Another one in its place, which is gone.
        File.WriteAllText(second, "3");
        File.Delete(first);
        Write(second);
        Look(file, 2);
        Assert.Equal($"{second}=3", file.Value);
        Assert.Equal($"{FilePath} was edited and is in force", _log.Entries[^1].Message);
        File.WriteAllText(second, "4");
        Assert.True(file.Reload().HasChanged);
        Assert.Equal($"{second}=4", file.Value);

        File.Delete(second);
        Look(file, 5);
        Assert.Equal($"{second}=4", file.Value);
        Assert.StartsWith($"{FilePath} cannot be used, the last good version stays in force: ", _log.Entries[^1].Message, StringComparison.Ordinal);
        Assert.Equal(3, _log.Entries.Count);

        static string ReadNamed(byte[] content) => Encoding.UTF8.GetString(content) is var path ? $"{path}={File.ReadAllText(path)}" : "";
    }

    public void Dispose()
    {
        _loggers.Dispose();
        _log.Dispose();
        _folder.Dispose();
    }

    private static void Look(WatchedFile<string> file, int times)
    {
        for (var i = 0; i < times; i++)
        {
            file.Look();
        }
    }

    private string Unusable(string path) => Assert.Throws<UnusableFileException>(() => new WatchedFile<byte[]>(
        path, bytes => bytes, _time, _loggers.CreateLogger("files"))).Message;

    private void Write(string content) => File.WriteAllText(FilePath, content);

    private WatchedFile<string> Watch(Func<string, string>? parse = null) => new(
        FilePath,
        bytes => parse is null ? Encoding.UTF8.GetString(bytes) : parse(Encoding.UTF8.GetString(bytes)),
        _time,
        _loggers.CreateLogger("files"));
}
