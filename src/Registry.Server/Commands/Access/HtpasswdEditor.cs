using System.Text;
using Registry.Core.Access.Passwords;
using Registry.Core.Access.Rules;
using Registry.Files;

namespace Registry.Server.Commands.Access;

/// <summary>Adds, changes and removes users of an htpasswd file. Every other line stays the same, byte for byte.</summary>
public static class HtpasswdEditor
{
    /// <summary>Fault of a name or password, as a clause; null if both can be used.</summary>
    public static string? FaultOf(string user, string password)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(password);
        var size = Encoding.UTF8.GetByteCount(password);
        return user.Length == 0 ? "the name of the user is empty"
            : UserName.FaultOf(user) is { } fault ? $"'{user}' cannot be a user: it {fault}"
            : size == 0 ? "the password is empty"
            : size > Htpasswd.MaxPasswordBytes ? $"the password has {size} bytes; at most {Htpasswd.MaxPasswordBytes} are allowed, since bcrypt looks at no more"
            : password.Any(char.IsControl) ? "the password contains a control character, which HTTP cannot carry"
            : null;
    }

    /// <summary>Sets the password of a user, and adds a new user.</summary>
    /// <exception cref="FormatException">The name or the password cannot be used, or the file is invalid.</exception>
    /// <exception cref="IOException">The file cannot be read or written, or is being edited.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission to read or write the file.</exception>
    public static void Set(string path, string user, string password)
    {
        if (FaultOf(user, password) is { } fault)
        {
            throw new FormatException(fault);
        }

        // $2y$ is what Apache's tool writes.
        var hash = BCrypt.Net.BCrypt.HashPassword(password, Htpasswd.DefaultCost);
        Edit(path, user, $"{user}:$2y${hash[4..]}");
    }

    /// <summary>Removes a user; false if the file has no such user.</summary>
    /// <exception cref="FormatException">The file is invalid.</exception>
    /// <exception cref="IOException">The file cannot be read or written, or is being edited.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission to read or write the file.</exception>
    public static bool Remove(string path, string user) => Edit(path, user, null);

    // A rename replaces the old file, so that no reader sees half of the new one. The name of the new file serializes edits: of two at
    // once, one would be lost.
    private static bool Edit(string path, string user, string? newLine)
    {
        var target = Resolve(path);
        using var replacement = FileReplacement.Begin(target, isForGroup: true);
        var content = Path.Exists(target) ? OperatorFile.Read(target) : [];
        Htpasswd.Read(content);
        if (Change(content, user, newLine) is not { } changed)
        {
            return false;
        }

        // A file that cannot be read would lock all users out.
        Htpasswd.Read(changed);
        replacement.Finish(changed);
        return true;
    }

    // In Latin-1 each byte is one character and round-trips, whatever the encoding of a comment.
    private static byte[]? Change(byte[] content, string user, string? newLine)
    {
        var lines = Encoding.Latin1.GetString(content).Split('\n').ToList();
        if (lines[^1].Length == 0)
        {
            lines.RemoveAt(lines.Count - 1);
        }

        var mark = Bytes("\uFEFF");
        var name = Bytes($"{user}:");
        var hasMark = lines.Count > 0 && lines[0].StartsWith(mark, StringComparison.Ordinal);
        var index = lines.FindIndex(line => line.StartsWith(name, StringComparison.Ordinal));
        if (index < 0 && hasMark && lines[0].AsSpan(mark.Length).StartsWith(name, StringComparison.Ordinal))
        {
            index = 0;
        }

        if (index < 0 && newLine is null)
        {
            return null;
        }

        if (index < 0)
        {
            lines.Add(Bytes(newLine!));
        }
        else if (newLine is not null)
        {
            lines[index] = Bytes(newLine);
        }
        else
        {
            lines.RemoveAt(index);
        }

        return Encoding.Latin1.GetBytes(string.Concat(lines.Select(line => line + "\n")));
    }

    private static string Bytes(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private static string Resolve(string path)
    {
        var file = new FileInfo(path);
        return file.Exists && file.ResolveLinkTarget(returnFinalTarget: true) is { } pointedAt ? pointedAt.FullName : file.FullName;
    }
}
