def seed_everything(seed): pass
