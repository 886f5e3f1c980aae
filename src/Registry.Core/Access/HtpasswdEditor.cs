using System.Text;

namespace Registry.Core.Access;

/// <summary>Adds, changes and removes users of an htpasswd file; every other line stays as it is.</summary>
public static class HtpasswdEditor
{
    /// <summary>The longest password, in bytes of UTF-8: bcrypt looks at no more, so a longer one would be cut without a word.</summary>
    public const int MaxPasswordBytes = 72;

    /// <summary>Sets the password of a user, who is added when new.</summary>
    /// <exception cref="FormatException">The name or the password cannot be used, or the file is wrong.</exception>
    public static void Set(string path, string user, string password)
    {
        ArgumentException.ThrowIfNullOrEmpty(user);
        ArgumentNullException.ThrowIfNull(password);
        if (user.Contains(':', StringComparison.Ordinal) || user.Any(char.IsControl) || user[0] is '#' or '$' || user == AccessRules.Everybody)
        {
            throw new FormatException($"'{user}' cannot be a user: no colon or control character, not beginning with '#' or '$', not '*'");
        }

        if (password.Length == 0 || Encoding.UTF8.GetByteCount(password) > MaxPasswordBytes || password.Contains('\0', StringComparison.Ordinal))
        {
            throw new FormatException($"a password has 1 to {MaxPasswordBytes} bytes");
        }

        // $2y$ is what Apache's tool writes.
        var hash = BCrypt.Net.BCrypt.HashPassword(password, Htpasswd.DefaultCost);
        Edit(path, user, $"{user}:$2y${hash[4..]}");
    }

    /// <summary>Removes a user; false when there was none.</summary>
    /// <exception cref="FormatException">The file is wrong.</exception>
    public static bool Remove(string path, string user) => Edit(path, user, null);

    private static bool Edit(string path, string user, string? newLine)
    {
        var content = File.Exists(path) ? File.ReadAllBytes(path) : [];
        Htpasswd.Read(content);
        var lines = Encoding.UTF8.GetString(content).Split('\n').ToList();
        if (lines[^1].Length == 0)
        {
            lines.RemoveAt(lines.Count - 1);
        }

        var index = lines.FindIndex(line => line.StartsWith($"{user}:", StringComparison.Ordinal));
        if (newLine is null)
        {
            if (index < 0)
            {
                return false;
            }

            lines.RemoveAt(index);
        }
        else if (index < 0)
        {
            lines.Add(newLine);
        }
        else
        {
            lines[index] = newLine;
        }

        Replace(path, string.Concat(lines.Select(line => line + "\n")));
        return true;
    }

    // A new file that takes the old one's name: nobody ever reads half of it.
    private static void Replace(string path, string content)
    {
        var file = new FileInfo(path);
        var target = file.Exists && file.ResolveLinkTarget(returnFinalTarget: true) is { } pointedAt ? pointedAt.FullName : file.FullName;
        var temporary = $"{target}.{Environment.ProcessId}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = File.Exists(target) ? File.GetUnixFileMode(target) : UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(Encoding.UTF8.GetBytes(content));
        }

        File.Move(temporary, target, overwrite: true);
    }
}
