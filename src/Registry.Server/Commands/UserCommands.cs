using System.CommandLine;
using System.Text;
using Registry.Core.Access;

namespace Registry.Server.Commands;

/// <summary><c>registry user …</c>: edits the file that REGISTRY_AUTH_HTPASSWD names. A running registry notices within a second.</summary>
internal static class UserCommands
{
    private const string Variable = "REGISTRY_AUTH_HTPASSWD";

    public static Command Create(CommandContext context)
    {
        var added = new Argument<string>("NAME") { Description = "Who." };
        var add = new DescribedCommand(
            "add",
            "Add a user, or change the password of one. The password comes from a prompt, or is the first line of standard input.",
            "registry user add alice",
            "registry user add alice --auth-htpasswd /etc/registry/htpasswd")
        {
            added,
        };
        add.SetAction(parsed => context.WithSetting(parsed, Variable, path => Set(path, parsed.GetRequiredValue(added))));

        var removed = new Argument<string>("NAME") { Description = "Who." };
        var remove = new DescribedCommand("remove", "Remove a user.", "registry user remove alice") { removed };
        remove.SetAction(parsed => context.WithSetting(parsed, Variable, path => Remove(path, parsed.GetRequiredValue(removed))));

        var json = CommandContext.JsonOption();
        var list = new DescribedCommand("list", "List the users.", "registry user list", "registry user list --json") { json };
        list.SetAction(parsed => context.WithSetting(parsed, Variable, path => List(path, parsed.GetValue(json), context.Output)));
        return new DescribedCommand("user", $"The users of the file that {Variable} names. A running registry notices changes within a second.")
        {
            add,
            remove,
            list,
        };
    }

    /// <summary>Adds a user or changes the password of one.</summary>
    private static int Set(string? path, string user) => Run(path, file =>
    {
        var isNew = !File.Exists(file) || Read(file).FindHash(user) is null;
        if (ReadPassword(user) is not { } password)
        {
            return Fail("the two passwords differ; nothing was changed");
        }

        if (HtpasswdEditor.FaultOf(user, password) is { } fault)
        {
            return Fail($"{fault}; nothing was changed");
        }

        HtpasswdEditor.Set(file, user, password);
        Console.Out.WriteLine(isNew ? $"User '{user}' was added to {file}." : $"The password of '{user}' was changed in {file}.");
        return ExitCodes.Success;
    });

    /// <summary>Removes a user.</summary>
    private static int Remove(string? path, string user) => Run(path, file =>
    {
        if (Read(file).FindHash(user) is null || !HtpasswdEditor.Remove(file, user))
        {
            return Fail($"there is no user '{user}' in {file}");
        }

        Console.Out.WriteLine($"User '{user}' was removed from {file}.");
        return ExitCodes.Success;
    });

    /// <summary>Prints the users, one a line.</summary>
    private static int List(string? path, bool isJson, TextWriter output) => Run(path, file =>
    {
        IReadOnlyList<string> users = [.. Read(file).Users];
        if (isJson)
        {
            ReportJson.Write(output, users, json => json.IReadOnlyListString);
            return ExitCodes.Success;
        }

        foreach (var user in users)
        {
            output.WriteLine(user);
        }

        return ExitCodes.Success;
    });

    private static Htpasswd Read(string path) => Htpasswd.Read(File.ReadAllBytes(path));

    private static int Run(string? path, Func<string, int> command)
    {
        if (string.IsNullOrEmpty(path))
        {
            return Fail($"{Variable} is not set; it names the file of users");
        }

        try
        {
            return command(path);
        }
        catch (FileNotFoundException)
        {
            return Fail($"{path} is not there; 'user add' makes it");
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            return Fail($"{path} cannot be used: {e.Message}");
        }
    }

    // From a prompt, twice and unseen, or the first line of what is piped in. Null when the two differ.
    private static string? ReadPassword(string user)
    {
        if (Console.IsInputRedirected)
        {
            return Console.In.ReadLine() ?? string.Empty;
        }

        var password = Prompt($"Password of '{user}': ");
        return Prompt("Again: ") == password ? password : null;
    }

    private static string Prompt(string text)
    {
        Console.Error.Write(text);
        var password = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                password.Length = Math.Max(0, password.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                password.Append(key.KeyChar);
            }
        }

        Console.Error.WriteLine();
        return password.ToString();
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine($"registry: {message}");
        return ExitCodes.Failure;
    }
}
