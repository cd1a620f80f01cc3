// A replica ends with the process that started it.
process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.channel?.unref();
