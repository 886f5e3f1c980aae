using System.Runtime.Versioning;
using System.Text;
using Registry.Core.Access.Passwords;
using Registry.Server.Commands.Access;
using Registry.Storage.Files;
using Registry.Storage.Testing;

namespace Registry.Server.Tests.Commands;

[UnsupportedOSPlatform("windows")]
public sealed class HtpasswdEditorTests : IDisposable
{
    private const string Hash = "$2y$05$P6ioG8BHNP9k8ReN5RcIKemwtd0gXyrtblPDTMduD8gU45Q672tNK";

    private readonly TemporaryFolder _folder = new();

    private string FilePath => Path.Combine(_folder.Path, "htpasswd");

    [Fact]
    public void A_new_file_is_for_its_owner_only()
    {
        HtpasswdEditor.Set(FilePath, "alice", "secret");

        Assert.Matches(@"^alice:\$2y\$10\$[./A-Za-z0-9]{53}\n\z", File.ReadAllText(FilePath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.Equal(["htpasswd"], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Every_other_line_stays_as_it_is_byte_for_byte()
    {
        // A comment in Latin-1, lines that end as on Windows, and none at the end of the file.
        byte[] before = [.. "\uFEFFbob:"u8, .. Bytes(Hash), .. "\r\n# caf\u00e9\r\n"u8[..6], 0xE9, .. "\r\n\ncarol:"u8, .. Bytes(Hash)];
        File.WriteAllBytes(FilePath, before);
        File.SetUnixFileMode(FilePath, (UnixFileMode)0b110_100_100);

        HtpasswdEditor.Set(FilePath, "alice", "secret");
        Assert.True(File.ReadAllBytes(FilePath).AsSpan().StartsWith(before));
        Assert.Equal((UnixFileMode)0b110_100_100, File.GetUnixFileMode(FilePath));
        Assert.True(HtpasswdEditor.Remove(FilePath, "alice"));
        Assert.Equal([.. before, (byte)'\n'], File.ReadAllBytes(FilePath));

        // The first line begins with a mark, and is bob's all the same.
        Assert.True(HtpasswdEditor.Remove(FilePath, "bob"));
        Assert.Equal(["carol"], Htpasswd.Read(File.ReadAllBytes(FilePath)).Users);
    }

    [Theory]
    [InlineData("\uFEFFalice", "U+FEFF")]
    [InlineData("al\u200Bice", "U+200B")]
    [InlineData("\u202Eecila", "U+202E")]
    [InlineData("alice\u2028", "U+2028")]
    [InlineData("alice\U000E0041", "U+E0041")]
    public void A_name_with_a_character_that_cannot_be_seen_is_refused_and_users_can_still_be_removed(string user, string character)
    {
        File.WriteAllText(FilePath, $"alice:{Hash}\nbob:{Hash}\n");
        var fault = Assert.Throws<FormatException>(() => HtpasswdEditor.Set(FilePath, user, "secret"));
        Assert.Contains($"the invisible character {character}", fault.Message, StringComparison.Ordinal);
        Assert.Equal($"alice:{Hash}\nbob:{Hash}\n", File.ReadAllText(FilePath));
        Assert.True(HtpasswdEditor.Remove(FilePath, "alice"));
    }

    [Fact]
    public void A_file_that_could_not_be_read_afterwards_does_not_replace_the_old_one()
    {
        // What a terminal that is not set to UTF-8 makes of a name.
        File.WriteAllText(FilePath, $"bob:{Hash}\n");
        Assert.Throws<FormatException>(() => HtpasswdEditor.Set(FilePath, "m\uFFFDller", "secret"));
        Assert.Equal($"bob:{Hash}\n", File.ReadAllText(FilePath));
        Assert.Equal(["htpasswd"], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("a FIFO")]
    [InlineData("a device")]
    public void A_pipe_or_a_device_in_the_place_of_the_file_is_refused_and_not_opened(string kind)
    {
        Planted.Put(kind, FilePath, Path.Combine(_folder.Path, "outside"));
        Assert.Contains("it is a pipe or a device", Assert.Throws<IOException>(() => HtpasswdEditor.Set(FilePath, "alice", "secret")).Message, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => TokenKeyFile.OpenOrCreate(FilePath));
    }

    [Fact]
    public void A_changed_password_takes_the_place_of_the_old_one()
    {
        File.WriteAllText(FilePath, $"alice:{Hash}\nbob:{Hash}\n");
        HtpasswdEditor.Set(FilePath, "alice", "secret");
        var lines = File.ReadAllLines(FilePath);
        Assert.Equal(2, lines.Length);
        Assert.True(BCrypt.Net.BCrypt.Verify("secret", lines[0]["alice:".Length..]));
        Assert.Equal($"bob:{Hash}", lines[1]);
        Assert.False(HtpasswdEditor.Remove(FilePath, "ali"));
    }

    [Fact]
    public void A_symbolic_link_stays_one()
    {
        var link = Path.Combine(_folder.Path, "link");
        File.WriteAllText(FilePath, $"bob:{Hash}\n");
        File.CreateSymbolicLink(link, FilePath);
        HtpasswdEditor.Set(link, "alice", "secret");
        Assert.Equal(FilePath, new FileInfo(link).LinkTarget);
        Assert.Equal(["alice", "bob"], Htpasswd.Read(File.ReadAllBytes(FilePath)).Users);
    }

    [Fact]
    public void A_file_at_fault_is_not_edited()
    {
        File.WriteAllText(FilePath, $"alice:{Hash}\nnonsense\n");
        Assert.Throws<FormatException>(() => HtpasswdEditor.Remove(FilePath, "alice"));
        Assert.Equal($"alice:{Hash}\nnonsense\n", File.ReadAllText(FilePath));
        Assert.Single(Directory.EnumerateFiles(_folder.Path));
    }

    [Fact]
    public void Edits_at_the_same_time_lose_no_user()
    {
        var added = new bool[20];
        Parallel.For(0, added.Length, i =>
        {
            try
            {
                HtpasswdEditor.Set(FilePath, $"user{i}", "secret");
                added[i] = true;
            }
            catch (IOException e)
            {
                Assert.Contains("another edit is in progress", e.Message, StringComparison.Ordinal);
            }
        });

        Assert.Equal(
            Enumerable.Range(0, added.Length).Where(i => added[i]).Select(i => $"user{i}").Order(StringComparer.Ordinal),
            Htpasswd.Read(File.ReadAllBytes(FilePath)).Users);
    }

    [Theory]
    [InlineData("", "secret", "the name of the user is empty")]
    [InlineData("a:b", "secret", "'a:b' cannot be a user: it contains a colon, which ends a name")]
    [InlineData("#a", "secret", "'#a' cannot be a user: it begins with '#', which makes a line a comment")]
    [InlineData("*", "secret", "'*' cannot be a user: it means something else in access rules")]
    [InlineData("$anonymous", "secret", "'$anonymous' cannot be a user: it means something else in access rules")]
    [InlineData("a\nroot", "secret", "cannot be a user: it contains a control character")]
    [InlineData("alice", "", "the password is empty")]
    [InlineData("alice", "a\tb", "the password contains a control character")]
    [InlineData("alice", "äääääääääääääääääääääääääääääääääääää", "the password has 74 bytes; at most 72 are allowed")]
    public void What_cannot_be_a_user_or_a_password_is_refused_with_the_reason(string user, string password, string message)
    {
        Assert.Contains(message, HtpasswdEditor.FaultOf(user, password), StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => HtpasswdEditor.Set(FilePath, user, password));
        Assert.False(File.Exists(FilePath));
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
