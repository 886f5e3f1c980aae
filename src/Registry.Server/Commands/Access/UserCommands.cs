using System.CommandLine;
using System.Text;
using Registry.Core.Access.Passwords;
using Registry.Files;

namespace Registry.Server.Commands.Access;

/// <summary><c>registry user …</c>: edits the file that REGISTRY_AUTH_HTPASSWD names. A running registry applies the change within a second.</summary>
internal static class UserCommands
{
    private const string Variable = "REGISTRY_AUTH_HTPASSWD";

    public static Command Create(CommandContext context)
    {
        var added = new Argument<string>("NAME") { Description = "Name of the user." };
        var add = new DescribedCommand(
            "add",
            "Add a user, or change a user's password. The password is read from a prompt, or from the first line of standard input.",
            "registry user add alice",
            "registry user add alice --auth-htpasswd /etc/registry/htpasswd")
        {
            added,
        };
        add.SetAction(parsed => context.WithSetting(parsed, Variable, path => Set(context, path, parsed.GetRequiredValue(added))));

        var removed = new Argument<string>("NAME") { Description = "Name of the user." };
        var remove = new DescribedCommand("remove", "Remove a user.", "registry user remove alice") { removed };
        remove.SetAction(parsed => context.WithSetting(parsed, Variable, path => Remove(context, path, parsed.GetRequiredValue(removed))));

        var json = CommandContext.JsonOption();
        var list = new DescribedCommand("list", "List the users.", "registry user list", "registry user list --json") { json };
        list.SetAction(parsed => context.WithSetting(parsed, Variable, path => List(context, path, parsed.GetValue(json))));
        return new DescribedCommand("user", $"Manage the users in the file that {Variable} names. A running registry applies changes within a second.")
        {
            add,
            remove,
            list,
        };
    }

    /// <summary>Adds a user, or changes a user's password.</summary>
    private static int Set(CommandContext context, string? path, string user) => Run(context, path, file =>
    {
        var isNew = !File.Exists(file) || Read(file).FindHash(user) is null;
        if (ReadPassword(context, user) is not { } password)
        {
            return context.Fail("the two passwords differ; nothing was changed");
        }

        if (HtpasswdEditor.FaultOf(user, password) is { } fault)
        {
            return context.Fail($"{fault}; nothing was changed");
        }

        HtpasswdEditor.Set(file, user, password);
        context.Output.WriteLine(isNew ? $"User '{user}' was added to {file}." : $"The password of '{user}' was changed in {file}.");
        WarnOfCostlyLines(context, file);
        return ExitCodes.Success;
    });

    /// <summary>Removes a user.</summary>
    private static int Remove(CommandContext context, string? path, string user) => Run(context, path, file =>
    {
        if (Read(file).FindHash(user) is null || !HtpasswdEditor.Remove(file, user))
        {
            return context.Fail($"there is no user '{user}' in {file}");
        }

        context.Output.WriteLine($"User '{user}' was removed from {file}.");
        return ExitCodes.Success;
    });

    /// <summary>Prints the users, one per line.</summary>
    private static int List(CommandContext context, string? path, bool isJson) => Run(context, path, file =>
    {
        IReadOnlyList<string> users = [.. Read(file).Users];
        if (isJson)
        {
            ReportJson.Write(context.Output, users, json => json.IReadOnlyListString);
            return ExitCodes.Success;
        }

        foreach (var user in users)
        {
            context.Output.WriteLine(user);
        }

        return ExitCodes.Success;
    });

    /// <summary>Warns of each line whose hash is so expensive that it delays logins. Does nothing without a file that can be used.</summary>
    public static void WarnOfCostlyLines(CommandContext context, string? path)
    {
        try
        {
            foreach (var line in path is null ? [] : Read(path).CostlyLines)
            {
                context.Warn($"{path} {line}");
            }
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            // 'registry serve' reports it; this command may run as another user.
        }
    }

    private static Htpasswd Read(string path) => Htpasswd.Read(OperatorFile.Read(path));

    private static int Run(CommandContext context, string? path, Func<string, int> command)
    {
        if (string.IsNullOrEmpty(path))
        {
            return context.Fail($"{Variable} is not set; set it to the path of the htpasswd file");
        }

        try
        {
            return command(path);
        }
        catch (FileNotFoundException)
        {
            return context.Fail($"{Variable} {path} does not exist; 'registry user add' creates it");
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            return context.Fail($"{Variable} {path} cannot be used: {IoFault.Reason(e, path)}");
        }
    }

    // From a prompt, typed twice without echo, or from the first line of piped input. Null when the two differ.
    private static string? ReadPassword(CommandContext context, string user)
    {
        if (context.Terminal.ReadKey is not { } readKey)
        {
            return context.Terminal.OpenText().ReadLine() ?? string.Empty;
        }

        var password = Prompt(context.Error, readKey, $"Password of '{user}': ");
        return Prompt(context.Error, readKey, "Again: ") == password ? password : null;
    }

    private static string Prompt(TextWriter error, Func<ConsoleKeyInfo> readKey, string text)
    {
        error.Write(text);
        var password = new StringBuilder();
        while (readKey() is { Key: not ConsoleKey.Enter } key)
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

        error.WriteLine();
        return password.ToString();
    }
}
